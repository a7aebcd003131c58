"""Reads a blob and checks its sha256 on the way; what is damaged never comes to its end."""

import hashlib
import io
from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO, Protocol

from macropod_server.storage.base import BlobDamaged

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_PIECE_BYTES = 1024**2


class Source(Protocol):
    """Stored bytes from their beginning; `size` of them."""

    size: int

    def readinto(self, buffer: "WriteableBuffer", /) -> int | None: ...

    def close(self) -> None: ...


class VerifiedBlob(io.RawIOBase):
    """`begin` opens the bytes at their beginning. What is skipped is read too, or nobody would know its sha256."""

    def __init__(self, sha256: str, begin: Callable[[], Source]) -> None:
        self._sha256 = sha256
        self._begin = begin
        self._source = begin()
        self._digest = hashlib.sha256()
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        view = memoryview(buffer).cast("B")[: self._source.size - self._place]
        count = self._source.readinto(view) or 0
        self._digest.update(view[:count])
        self._place += count
        is_cut_short = not count and len(view) > 0
        if (is_cut_short or self._place == self._source.size) and self._digest.hexdigest() != self._sha256:
            raise BlobDamaged(self._sha256, found=self._digest.hexdigest())
        return count

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        target = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._source.size}[whence]
        if target < 0:
            raise ValueError(f"There is nothing before the beginning: {target}.")
        if target < self._place:
            self._begin_again()
        while self._place < min(target, self._source.size):
            self.read(min(_PIECE_BYTES, target - self._place))
        return self._place

    def close(self) -> None:
        self._source.close()
        super().close()

    def _begin_again(self) -> None:
        self._source.close()
        self._source = self._begin()
        self._digest, self._place = hashlib.sha256(), 0


def verified(sha256: str, begin: Callable[[], Source]) -> BinaryIO:
    return io.BufferedReader(VerifiedBlob(sha256, begin), _PIECE_BYTES)
