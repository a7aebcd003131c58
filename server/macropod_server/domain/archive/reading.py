"""The one pass over an uploaded archive: from its end records to what it holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from macropod_server.domain.archive.choice import files_named, several_requirements
from macropod_server.domain.archive.contents import check_contents
from macropod_server.domain.archive.directory import read_entries
from macropod_server.domain.archive.end_records import Directory, find_directory
from macropod_server.domain.archive.entry import Entry
from macropod_server.domain.archive.layout import locate_contents
from macropod_server.domain.archive.limits import ArchiveLimits, check_sizes
from macropod_server.domain.archive.names import check_clashes
from macropod_server.domain.archive.problems import Fault, Problems, Unreadable
from macropod_server.domain.requirements import check_requirements

_ENTRY_POINT = "main.py"
_REQUIREMENTS = "requirements.txt"
_LARGEST_REQUIREMENTS = 1024**2


@dataclass(frozen=True)
class Archive:
    """A sound archive: the file to run, the file of requirements if there is one, and how much it holds."""

    entry_point: str
    requirements: str | None
    warnings: tuple[str, ...]
    entry_count: int
    unpacked_bytes: int


def read_archive(file: BinaryIO, *, limits: ArchiveLimits) -> Archive:
    """Raises `Invalid` with every problem found. Reads `file` at any position; writes nothing."""
    problems = Problems()
    directory = _directory(file, problems)
    entries = read_entries(file, directory, limits=limits, problems=problems)
    check_clashes((entry.name for entry in entries if entry.name), problems)
    entry_point = _entry_point(entries, problems)
    requirements = _requirements(entries, problems)
    content = _checked(file, directory, entries, requirements, limits=limits, problems=problems)
    warnings = _requirements_warnings(requirements, content, problems)
    problems.raise_if_any()
    return Archive(
        entry_point=entry_point,
        requirements=requirements.name if requirements else None,
        warnings=warnings,
        entry_count=len(entries),
        unpacked_bytes=sum(entry.unpacked_bytes for entry in entries),
    )


def _directory(file: BinaryIO, problems: Problems) -> Directory:
    try:
        return find_directory(file)
    except Unreadable as unreadable:
        problems.add(unreadable.fault)
        problems.raise_if_any()
        raise


def _entry_point(entries: Sequence[Entry], problems: Problems) -> str:
    found = files_named(_ENTRY_POINT, entries)
    if not found:
        problems.add(
            Fault("no_entry_point", "There is no main.py in the archive; call the file that is to run main.py.")
        )
        return ""
    return found[0].name


def _requirements(entries: Sequence[Entry], problems: Problems) -> Entry | None:
    found = files_named(_REQUIREMENTS, entries)
    if len(found) > 1:
        problems.add(several_requirements(found))
    if len(found) != 1:
        return None
    if found[0].unpacked_bytes > _LARGEST_REQUIREMENTS:
        message = f"It has {found[0].unpacked_bytes} bytes; {_LARGEST_REQUIREMENTS} are allowed."
        problems.add(Fault("requirements_too_large", message), where=found[0].shown_name)
        return None
    return found[0]


def _checked(
    file: BinaryIO,
    directory: Directory,
    entries: Sequence[Entry],
    kept: Entry | None,
    *,
    limits: ArchiveLimits,
    problems: Problems,
) -> bytes:
    contents = locate_contents(file, entries, directory, problems=problems)
    if not check_sizes(entries, directory.archive_bytes, limits=limits, problems=problems):
        return b""
    return check_contents(file, contents, kept=kept, problems=problems)


def _requirements_warnings(requirements: Entry | None, content: bytes, problems: Problems) -> tuple[str, ...]:
    if not requirements:
        return ()
    findings = check_requirements(content, path=requirements.name)
    for problem in findings.problems:
        problems.add(Fault(problem.code, problem.message), where=problem.where)
    return findings.warnings
