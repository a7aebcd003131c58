"""Zips a folder reproducibly: the same files give the same bytes, whenever and by whomever it is done."""

from __future__ import annotations

import shutil
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

from macropod.errors import Invalid, Problem

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

IGNORE_FILE = ".macropodignore"
NEVER_PACKED = frozenset({".git", "__pycache__", ".venv", ".DS_Store", "__MACOSX", IGNORE_FILE})

_EARLIEST_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_CHUNK = 1024**2


def zip_folder(folder: Path, target: IO[bytes]) -> None:
    """Write the zip of a folder: entries sorted, times fixed, executable bits kept, links to files followed.

    Left out are `NEVER_PACKED` wherever they are, what `.macropodignore` (in gitignore's syntax) names, and
    empty folders. Raises `Invalid` listing everything that cannot be packed.
    """
    names = sorted(_names(folder, "", _read_ignore_file(folder)), key=_as_bytes)
    problems = [problem for name in names if (problem := _problem(folder, name))]
    if problems:
        raise Invalid(f"The folder {folder} holds what cannot be packed.", problems=problems)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            _add(archive, folder / name, name)


def _read_ignore_file(folder: Path) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec

    path = folder / IGNORE_FILE
    try:
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        # The others, which it would choose where their libraries are installed, take no names that are not UTF-8.
        return GitIgnoreSpec.from_lines(text.splitlines(), backend="simple")
    except ValueError as error:
        raise Invalid.field(IGNORE_FILE, f"{path} holds what is not understood: {error}") from error


def _names(folder: Path, prefix: str, ignored: GitIgnoreSpec) -> Iterator[str]:
    for path in (folder / prefix).iterdir():
        name = prefix + path.name
        is_folder = path.is_dir() and not path.is_symlink()
        if path.name in NEVER_PACKED or ignored.match_file(f"{name}/" if is_folder else name):
            continue
        if is_folder:
            yield from _names(folder, f"{name}/", ignored)
        else:
            yield name


def _problem(folder: Path, name: str) -> Problem | None:
    path = folder / name
    if path.is_dir():
        return Problem("link_to_folder", name, "is a link to a folder; put the folder itself there.")
    if not path.is_file():
        return Problem(
            "not_a_file", name, "is a broken link or a special file; remove it or name it in the ignore file."
        )
    if not _is_utf8(name):
        return Problem("bad_name", ascii(name), "has a name that is not UTF-8; rename it.")
    return None


def _add(archive: zipfile.ZipFile, path: Path, name: str) -> None:
    facts = path.stat()
    entry = zipfile.ZipInfo(name, _EARLIEST_ZIP_TIME)
    entry.create_system = _UNIX
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.file_size = facts.st_size
    entry.external_attr = (stat.S_IFREG | (0o755 if facts.st_mode & stat.S_IXUSR else 0o644)) << 16
    with path.open("rb") as source, archive.open(entry, "w") as sink:
        shutil.copyfileobj(source, sink, _CHUNK)


def _as_bytes(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")


def _is_utf8(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
