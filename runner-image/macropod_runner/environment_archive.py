"""An environment as one file, for runs that find no other: packed after it was built, unpacked before main.py.

A tar in gzip: quick to unpack, and the same bytes for the same files. Loaded only where one travels.
"""

import gzip
import hashlib
import os
import stat
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from macropod_runner.program import CouldNotStart

_FAST = 1
_TYPES = {stat.S_IFREG: tarfile.REGTYPE, stat.S_IFDIR: tarfile.DIRTYPE, stat.S_IFLNK: tarfile.SYMTYPE}


class Packed(NamedTuple):
    sha256: str
    size: int


def pack(folder: Path, file: BinaryIO, *, look_up: Callable[[], None]) -> Packed:
    """All that is in the folder. `look_up` is called between the files and may raise."""
    writer = _Hashing(file)
    with (
        gzip.GzipFile(filename="", fileobj=writer, mode="wb", compresslevel=_FAST, mtime=0) as squeezed,
        tarfile.open(fileobj=squeezed, mode="w|", format=tarfile.GNU_FORMAT) as tar,
    ):
        for path in _below(folder):
            look_up()
            _add(tar, path, name=str(path.relative_to(folder)))
            forget_members(tar)
    return Packed(writer.digest.hexdigest(), writer.size)


def forget_members(tar: tarfile.TarFile) -> None:
    """All it has written or read would stay in memory otherwise. The attribute is not in the stubs."""
    tar.members.clear()  # type: ignore[attr-defined]


def _below(folder: Path) -> Iterator[Path]:
    """In order, a folder before what is in it. Links are not followed."""
    for path in sorted(folder.iterdir()):
        yield path
        if path.is_dir() and not path.is_symlink():
            yield from _below(path)


def _add(tar: tarfile.TarFile, path: Path, *, name: str) -> None:
    facts = path.lstat()
    kind = _TYPES.get(stat.S_IFMT(facts.st_mode))
    if kind is None:
        raise CouldNotStart(f"{name} in the installed packages is no file, folder or link, and cannot be packed.")
    # Compiled modules know the second their source was changed.
    member = tarfile.TarInfo(name)
    member.type, member.mode, member.mtime = kind, stat.S_IMODE(facts.st_mode) & 0o777, int(facts.st_mtime)
    if kind == tarfile.SYMTYPE:
        member.linkname = os.readlink(path)
    if kind != tarfile.REGTYPE:
        tar.addfile(member)
        return
    member.size = facts.st_size
    with path.open("rb") as content:
        tar.addfile(member, content)


class _Hashing:
    def __init__(self, file: BinaryIO) -> None:
        self.digest = hashlib.sha256()
        self.size = 0
        self._file = file

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        self.size += len(data)
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()
