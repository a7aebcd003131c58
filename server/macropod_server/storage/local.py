"""Storage in a folder of this machine: `root/ab/cdef…` are the blobs, `root/staging` what is being written."""

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from macropod_server.storage.base import BlobDamaged, BlobNotFound
from macropod_server.storage.local_staging import LocalStaging, clear_abandoned, place_of, translated_errors

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_READ_BYTES = 1024**2


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
        with self._finding(sha256) as place:
            return place.open("rb")

    def path(self, sha256: str) -> Path:
        with self._finding(sha256) as place:
            place.stat()
        return place

    def exists(self, sha256: str) -> bool:
        with suppress(BlobNotFound):
            return bool(self.path(sha256))
        return False

    def check(self, sha256: str) -> None:
        digest = hashlib.sha256()
        with translated_errors(), self.open(sha256) as blob:
            while data := blob.read(_READ_BYTES):
                digest.update(data)
        if digest.hexdigest() != sha256:
            raise BlobDamaged(f"The blob {sha256} holds bytes of another sha256, {digest.hexdigest()}.")

    def delete(self, sha256: str) -> None:
        with suppress(BlobNotFound), self._finding(sha256) as place:
            place.unlink()

    def list(self) -> Iterator[str]:
        with translated_errors():
            for folder in self._root.iterdir():
                names = os.listdir(folder) if len(folder.name) == 2 else []
                yield from filter(_SHA256.fullmatch, (folder.name + name for name in names))

    @contextmanager
    def _finding(self, sha256: str) -> Iterator[Path]:
        if not _SHA256.fullmatch(sha256):
            raise BlobNotFound(f"There is no blob {sha256!r}; blobs are named by 64 lower-case hex digits.")
        with translated_errors():
            try:
                yield place_of(self._root, sha256)
            except FileNotFoundError:
                # Without its staging folder the store itself is away, which says nothing about the blob.
                if not self._staging.is_dir():
                    raise
                raise BlobNotFound(f"There is no blob {sha256}.") from None
