"""Storage in memory."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from typing import BinaryIO

from macropod_server.storage.base import Blob, BlobNotFound, StorageFull, StorageUnavailable
from macropod_server.storage.verified import verified


class MemoryStorage:
    """`is_away` and `capacity` (bytes of one blob) make calls fail as on a disk that is gone or full."""

    def __init__(self) -> None:
        self.is_away = False
        self.direct_url: str | None = None
        self.capacity: int | None = None
        self.blobs: dict[str, bytes] = {}
        self.kept_at: dict[str, datetime] = {}
        self.abandoned: list[bytes] = []

    def stage(self) -> "MemoryStaging":
        return MemoryStaging(self)

    def open(self, sha256: str) -> BinaryIO:
        self._blob(sha256)
        return verified(sha256, lambda: _Bytes(self._blob(sha256)))

    def address(self, sha256: str, *, seconds: int) -> str | None:
        return f"{self.direct_url}/{sha256}" if self.direct_url else None

    def exists(self, sha256: str) -> bool:
        return sha256 in self._reachable()

    def delete(self, sha256: str) -> None:
        self._reachable().pop(sha256, None)

    def list(self) -> Iterator[Blob]:
        for sha256, content in dict(self._reachable()).items():
            yield Blob(sha256, len(content), self.kept_at[sha256])

    def clear_staging(self) -> int:
        self._reachable()
        cleared, self.abandoned = len(self.abandoned), []
        return cleared

    def _blob(self, sha256: str) -> bytes:
        if sha256 not in self._reachable():
            raise BlobNotFound(f"There is no blob {sha256}.")
        return self.blobs[sha256]

    def _reachable(self) -> dict[str, bytes]:
        if self.is_away:
            raise StorageUnavailable("The store cannot be read or written now.")
        return self.blobs


class _Bytes(BytesIO):
    @property
    def size(self) -> int:
        return len(self.getbuffer())


class MemoryStaging:
    def __init__(self, storage: MemoryStorage) -> None:
        self._storage = storage
        self._written = bytearray()

    @property
    def size(self) -> int:
        return len(self._written)

    def __enter__(self) -> "MemoryStaging":
        self._storage._reachable()
        return self

    def __exit__(self, *exc: object) -> None: ...

    def write(self, data: bytes) -> None:
        self._storage._reachable()
        if self._storage.capacity is not None and self.size + len(data) > self._storage.capacity:
            raise StorageFull("The store is full; nothing was kept.")
        self._written += data

    def file(self) -> BinaryIO:
        return BytesIO(bytes(self._written))

    def keep(self) -> str:
        sha256 = hashlib.sha256(self._written).hexdigest()
        self._storage._reachable()[sha256] = bytes(self._written)
        self._storage.kept_at[sha256] = datetime.now(UTC)
        return sha256
