"""Writes one blob aside in a folder and makes it visible whole. Each file is locked while its writer lives."""

import errno
import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from macropod_server.storage.base import StorageFull, StorageUnavailable

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class LocalStaging:
    def __init__(self, root: Path, folder: Path) -> None:
        self.size = 0
        self._digest = hashlib.sha256()
        self._root = root
        self._folder = folder
        self._is_kept = False

    def __enter__(self) -> "LocalStaging":
        with translated_errors():
            self._descriptor, self._path = _open_locked(self._folder)
        return self

    def __exit__(self, *exc: object) -> None:
        with suppress(OSError):
            if not self._is_kept:
                self._path.unlink()
        os.close(self._descriptor)

    def write(self, data: bytes) -> None:
        rest = memoryview(data)
        with translated_errors():
            while rest:
                written = os.write(self._descriptor, rest)
                self._digest.update(rest[:written])
                self.size += written
                rest = rest[written:]

    def file(self) -> BinaryIO:
        with translated_errors():
            return self._path.open("rb")

    def keep(self) -> str:
        sha256 = self._digest.hexdigest()
        place = place_of(self._root, sha256)
        with translated_errors():
            os.fsync(self._descriptor)
            place.parent.mkdir(exist_ok=True)
            if not _is_kept_anew(place):
                self._path = self._path.rename(place)
                self._is_kept = True
            # Also for a blob that was there: whoever renamed it may not have come to this line.
            _flush_folder(place.parent)
            _flush_folder(self._root)
        return sha256


def place_of(root: Path, sha256: str) -> Path:
    return root / sha256[:2] / sha256[2:]


def _is_kept_anew(place: Path) -> bool:
    """Whether the blob is there already; it is as if it were kept only now, so that no sweep takes it for old."""
    try:
        os.utime(place)
    except FileNotFoundError:
        return False
    return True


def clear_abandoned(folder: Path) -> int:
    """Remove what a writer left that died, and nothing a living one of any process still writes."""
    cleared = 0
    for path in folder.iterdir():
        with suppress(FileNotFoundError, BlockingIOError), path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
            cleared += 1
    return cleared


@contextmanager
def translated_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            message = "The store is full; nothing was kept. Free space on the server's disk and try again."
            raise StorageFull(message) from error
        message = f"The store cannot be read or written now ({error.strerror}); nothing was kept."
        raise StorageUnavailable(message) from error


def _open_locked(folder: Path) -> tuple[int, Path]:
    while True:
        descriptor, name = tempfile.mkstemp(dir=folder)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            return descriptor, Path(name)
        # A server that just started took the file for abandoned before it was locked.
        os.close(descriptor)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
