"""Bodies of log chunks in the bucket that has the bundles: `prefix/logs/…`, apart from all blobs."""

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from macropod_server.domain.storage_url import BucketPlace
from macropod_server.storage.s3_bucket import Bucket
from macropod_server.storage.s3_refusals import NoSuchObject
from macropod_server.storage.s3_stream import ObjectStream

_FOLDER = "logs/"


def open_s3_bodies(place: BucketPlace, *, pause: Callable[[float], None] = time.sleep) -> "S3Bodies":
    return S3Bodies(Bucket(place, pause=pause), pause=pause)


class S3Bodies:
    def __init__(self, bucket: Bucket, *, pause: Callable[[float], None] = time.sleep) -> None:
        self._bucket, self._pause = bucket, pause
        self._beginning = f"{bucket.place.prefix}{_FOLDER}"

    def put(self, key: str, body: bytes) -> None:
        self._bucket.put(self._beginning + key, body, only_new=False)

    def get(self, key: str) -> bytes | None:
        try:
            stream = ObjectStream(self._bucket, self._beginning + key, pause=self._pause)
        except NoSuchObject:
            return None
        body, place = bytearray(stream.size), 0
        try:
            while count := stream.readinto(memoryview(body)[place:]):
                place += count
        finally:
            stream.close()
        return bytes(body[:place])

    def remove(self, keys: Iterable[str]) -> None:
        for key in keys:
            self._bucket.delete(self._beginning + key)

    def keys(self, beginning: str) -> Iterator[tuple[str, datetime]]:
        for each in self._bucket.objects(_FOLDER + beginning):
            yield each.key.removeprefix(self._beginning), each.written_at
