"""Names of entries: what each may look like, and that no two of them want the same place."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import pairwise

from macropod_server.domain.archive.problems import Fault, Problems, Unreadable, shown

_LONGEST_PART_BYTES = 255
_DEEPEST_FOLDERS = 128
# Linux takes 4,096 bytes; the rest is for the folder the zip is unpacked in.
_LONGEST_PATH_BYTES = 3072

_DRIVE = re.compile(r"[A-Za-z]:")
_CONTROL = re.compile("[\x01-\x1f\x7f-\x9f\u2028\u2029]")


def decoded_name(raw: bytes, *, is_marked_utf8: bool) -> str:
    """The name every reader sees. Raises `Unreadable` where readers would differ."""
    if not raw:
        raise Unreadable("name_empty", "It has no name.")
    try:
        name = raw.decode()
    except UnicodeDecodeError:
        raise Unreadable("name_not_utf8", "Its name is not UTF-8; zip it with a tool that writes UTF-8.") from None
    if not is_marked_utf8 and not name.isascii():
        message = "Its name is not ASCII and not marked as UTF-8; rename it, or upload the folder itself."
        raise Unreadable("name_encoding_unmarked", message)
    return name


def name_faults(name: str) -> Iterator[Fault]:
    if "\0" in name:
        yield Fault("name_nul", "Its name contains a NUL character.")
    if _CONTROL.search(name):
        yield Fault("name_control_character", "Its name contains a control character.")
    if "\\" in name:
        yield Fault("name_backslash", "Its name contains a backslash; folders are separated by '/'.")
    if _DRIVE.match(name):
        yield Fault("name_drive_letter", "Its name begins with a drive letter; it has to be relative.")
    if name.startswith("/"):
        yield Fault("name_absolute", "Its name is an absolute path; it has to be relative.")
    else:
        yield from _part_faults(name)


def _part_faults(name: str) -> Iterator[Fault]:
    parts = name.removesuffix("/").split("/")
    if ".." in parts:
        yield Fault("name_parent_folder", "Its name contains '..'; it has to stay in the folder it is unpacked in.")
    if "" in parts or "." in parts:
        yield Fault("name_not_plain", "Its name contains an empty part or '.'; zip the folder from inside it.")
    longest = max(len(part.encode()) for part in parts)
    if longest > _LONGEST_PART_BYTES:
        message = f"A part of its name has {longest} bytes; {_LONGEST_PART_BYTES} are allowed."
        yield Fault("name_part_too_long", message)
    depth = len(parts) - (not name.endswith("/"))
    if depth > _DEEPEST_FOLDERS:
        yield Fault("name_too_deep", f"It lies {depth} folders deep; {_DEEPEST_FOLDERS} are allowed.")
    size = len(name.encode())
    if size > _LONGEST_PATH_BYTES:
        yield Fault("name_too_long", f"Its path has {size} bytes; {_LONGEST_PATH_BYTES} are allowed.")


def check_clashes(names: Iterable[str], problems: Problems) -> None:
    """Finds equal names (on macOS too, which composes them) and files that would have to be folders."""
    # NUL sorts before every other character, so what lies in a folder comes right after its name.
    ordered = sorted((_place(name), name) for name in names)
    for (place, name), (next_place, next_name) in pairwise(ordered):
        if place == next_place:
            problems.add(_same_place(name, next_name), where=shown(next_name.encode()))
    _check_files_as_folders([(place, name) for place, name in ordered if "\0" not in name], problems)


def _place(name: str) -> str:
    return unicodedata.normalize("NFC", name.removesuffix("/")).replace("/", "\0")


def _same_place(name: str, other: str) -> Fault:
    if name.endswith("/") == other.endswith("/"):
        return Fault("duplicate_name", "There is more than one entry of this name.")
    return Fault("file_and_folder", "There is a file and a folder of this name.")


def _check_files_as_folders(ordered: list[tuple[str, str]], problems: Problems) -> None:
    file: tuple[str, str] | None = None
    for place, name in ordered:
        if file and place.startswith(file[0] + "\0"):
            message = f"It needs a folder where the archive has the file {shown(file[1].encode())}."
            problems.add(Fault("file_and_folder", message), where=shown(name.encode()))
        elif not name.endswith("/"):
            file = place, name
