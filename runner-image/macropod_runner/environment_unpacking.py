"""Unpacks the archive of an environment: files, folders and links as venvs have them, and nothing else."""

import gzip
import os
import shutil
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from macropod_runner.environment import base_python
from macropod_runner.environment_archive import forget_members
from macropod_runner.program import CouldNotStart

_PIECE = 256 * 1024


class NotAnEnvironment(Exception):
    """The archive has something in it that no environment has."""


def unpack(path: Path, folder: Path, *, look_up: Callable[[], None]) -> None:
    """Into a folder that may be there already, and empty. `look_up` is called between the files and may raise.

    Raises `CouldNotStart`.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with gzip.open(path) as unsqueezed, tarfile.open(fileobj=unsqueezed, mode="r|") as tar:
            _Unpacking(tar, folder).carry_out(look_up)
            while unsqueezed.read(_PIECE):
                pass  # At its very end stands the check sum.
    except (OSError, EOFError, zlib.error, tarfile.TarError, ValueError, NotAnEnvironment) as error:
        raise CouldNotStart(f"The installed packages could not be unpacked: {error}.") from error


class _Unpacking:
    """What a member stands in was made here as a folder, so no link leads it anywhere else."""

    def __init__(self, tar: tarfile.TarFile, folder: Path) -> None:
        self._tar = tar
        self._root = folder
        self._folders: dict[str, tarfile.TarInfo | None] = {"": None}

    def carry_out(self, look_up: Callable[[], None]) -> None:
        while (member := self._tar.next()) is not None:
            look_up()
            self._make(member)
            forget_members(self._tar)
        self._finish_folders()

    def _make(self, member: tarfile.TarInfo) -> None:
        target = self._target(member.name)
        if member.isdir():
            os.mkdir(target, 0o700)
            self._folders[member.name] = member
        elif member.issym():
            os.symlink(self._link(member), target)
        elif member.isreg():
            self._write(member, target)
        else:
            raise NotAnEnvironment(f"{member.name!r} is no file, folder or link")

    def _target(self, name: str) -> str:
        parent, _, last = name.rpartition("/")
        if parent not in self._folders or last in ("", ".", "..") or "\0" in name:
            raise NotAnEnvironment(f"{name!r} is in no folder of it")
        return os.path.join(self._root, name)

    def _write(self, member: tarfile.TarInfo, target: str) -> None:
        source = self._tar.extractfile(member)
        assert source is not None  # It is a file.
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with source, open(descriptor, "wb") as file:
            shutil.copyfileobj(source, file, _PIECE)
            os.fchmod(descriptor, member.mode & 0o777)
        os.utime(target, (member.mtime, member.mtime))

    def _link(self, member: tarfile.TarInfo) -> str:
        """Inside, or to the Python that every environment here stands on."""
        target = PurePosixPath(member.linkname)
        if target.is_absolute():
            is_allowed = ".." not in target.parts and (
                target.is_relative_to(self._root) or Path(target).resolve() == base_python()
            )
        else:
            parts = list(target.parts)
            climbs = next((place for place, part in enumerate(parts) if part != ".."), len(parts))
            # Behind a name `..` may lead anywhere: the name may be a link itself.
            is_allowed = ".." not in parts[climbs:] and climbs <= member.name.count("/")
        if not is_allowed:
            raise NotAnEnvironment(f"{member.name!r} links to {member.linkname!r}, which is outside of it")
        return member.linkname

    def _finish_folders(self) -> None:
        """Last of all, the innermost first: into a folder that is read-only nothing can be written."""
        for name, member in reversed(self._folders.items()):
            if member is not None:
                target = os.path.join(self._root, name)
                os.chmod(target, member.mode & 0o777)
                os.utime(target, (member.mtime, member.mtime))
