"""The bytes of an object in a bucket, read on where the way was cut."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from macropod_server.storage.base import StorageUnavailable
from macropod_server.storage.s3_bucket import Bucket
from macropod_server.storage.s3_refusals import NoSuchObject, away

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_PAUSES = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2)


class ObjectStream:
    """Raises `NoSuchObject`. A cut after which bytes came does not count with those before."""

    def __init__(self, bucket: Bucket, key: str, *, pause: Callable[[float], None] = time.sleep) -> None:
        self._bucket = bucket
        self._key = key
        self._pause = pause
        self._body = bucket.get(key)
        self._place = 0
        self.size = self._body.size

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        if self._place == self.size:
            return 0
        trouble: StorageUnavailable | None = None
        for pause in (0.0, *_PAUSES):
            if trouble is not None:
                self._pause(pause)
            try:
                count = self._body.readinto(buffer)
                self._place += count
                return count
            except StorageUnavailable as error:
                trouble = error
                self._read_on()
        raise trouble or AssertionError("there was no trouble")

    def close(self) -> None:
        self._body.close()

    def _read_on(self) -> None:
        self._body.close()
        try:
            self._body = self._bucket.get(self._key, start=self._place)
        except NoSuchObject:
            raise away(self._bucket.place, "a bundle was deleted while it was read") from None
