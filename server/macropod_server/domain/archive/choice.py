"""Which file of an archive is run and which one lists the requirements."""

from collections.abc import Iterable, Sequence

from macropod_server.domain.archive.entry import Entry
from macropod_server.domain.archive.problems import Fault

_MACOS_EXTRAS = "__MACOSX"


def files_named(file_name: str, entries: Iterable[Entry]) -> list[Entry]:
    """Files of this name anywhere in the archive, nearest to the root first, macOS extras left out."""
    found = [entry for entry in entries if _is_named(entry.name, file_name)]
    return sorted(found, key=lambda entry: (entry.name.count("/"), entry.raw_name))


def several_requirements(found: Sequence[Entry]) -> Fault:
    names = ", ".join(entry.shown_name for entry in found[:10])
    more = f" and {len(found) - 10} more" if len(found) > 10 else ""
    return Fault("several_requirements", f"There is more than one requirements.txt: {names}{more}; keep one.")


def _is_named(name: str, file_name: str) -> bool:
    *folders, last = name.split("/")
    return last == file_name and _MACOS_EXTRAS not in folders
