"""Storage in a folder of this machine: `root/ab/cdef…` are the blobs, `root/staging` what is being written."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from macropod_server.domain.naming import is_sha256
from macropod_server.storage.base import Blob, BlobNotFound
from macropod_server.storage.local_staging import LocalStaging, place_of
from macropod_server.storage.staged_file import clear_abandoned, translated_errors
from macropod_server.storage.verified import verified

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class _StoredFile(FileIO):
    """A file of the folder with the size it had when it was opened; trouble in reading it stops here too."""

    def __init__(self, place: Path) -> None:
        super().__init__(place)
        self.size = os.fstat(self.fileno()).st_size

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        with translated_errors():
            return super().readinto(buffer)


class LocalStorage:
    def __init__(self, root: Path) -> None:
        self._root = root
        self._staging = root / "staging"
        with translated_errors():
            self._staging.mkdir(parents=True, exist_ok=True)
            clear_abandoned(self._staging)

    def stage(self) -> LocalStaging:
        return LocalStaging(self._root, self._staging)

    def open(self, sha256: str) -> BinaryIO:
        return verified(sha256, lambda: self._stored(sha256))

    def address(self, sha256: str, *, seconds: int) -> None:
        """A folder has none."""

    def exists(self, sha256: str) -> bool:
        with suppress(BlobNotFound), self._finding(sha256) as place:
            return bool(place.stat())
        return False

    def delete(self, sha256: str) -> None:
        with suppress(BlobNotFound), self._finding(sha256) as place:
            place.unlink()

    def list(self) -> Iterator[Blob]:
        with translated_errors():
            self._staging.stat()
            for folder in self._root.glob("[0-9a-f][0-9a-f]"):
                yield from _blobs_in(folder)

    def clear_staging(self) -> int:
        with translated_errors():
            return clear_abandoned(self._staging)

    def _stored(self, sha256: str) -> _StoredFile:
        with self._finding(sha256) as place:
            return _StoredFile(place)

    @contextmanager
    def _finding(self, sha256: str) -> Iterator[Path]:
        if not is_sha256(sha256):
            raise BlobNotFound(f"There is no blob {sha256!r}; blobs are named by 64 lower-case hex digits.")
        with translated_errors():
            try:
                yield place_of(self._root, sha256)
            except FileNotFoundError:
                # Without its staging folder the store itself is away, which says nothing about the blob.
                if not self._staging.is_dir():
                    raise
                raise BlobNotFound(f"There is no blob {sha256}.") from None


def _blobs_in(folder: Path) -> Iterator[Blob]:
    with os.scandir(folder) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):
                facts = entry.stat()
                yield Blob(folder.name + entry.name, facts.st_size, datetime.fromtimestamp(facts.st_mtime, UTC))
