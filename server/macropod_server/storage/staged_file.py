"""A blob that is being written aside: a file of this machine, hashed while written, locked while its writer lives."""

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


class StagedFile:
    """All of a staging but `keep`. What was not kept when it ends is gone."""

    def __init__(self, folder: Path) -> None:
        self.size = 0
        self._digest = hashlib.sha256()
        self._folder = folder
        self._is_kept = False

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

    def _open(self) -> None:
        with translated_errors():
            self._descriptor, self._path = _open_locked(self._folder)


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
