"""Storage in a bucket of an S3-compatible store: `prefix/ab/cdef…` are the blobs; what is being written lies in a
folder of this machine until its sha256 is known."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from macropod_server.domain.naming import is_sha256
from macropod_server.domain.storage_url import BucketPlace
from macropod_server.storage.base import Blob, BlobDamaged, BlobNotFound, StorageForbidden
from macropod_server.storage.s3_bucket import Bucket
from macropod_server.storage.s3_refusals import NoSuchObject, NoSuchUpload, NotOffered
from macropod_server.storage.s3_stream import ObjectStream
from macropod_server.storage.s3_upload import Upload
from macropod_server.storage.staged_file import StagedFile, clear_abandoned, translated_errors
from macropod_server.storage.verified import verified

_PART_BYTES = 8 * 1024**2
_PIECE_BYTES = 1024**2
_ABANDONED_AFTER = timedelta(days=1)
"""Whether another machine still sends cannot be seen but in its parts, and a slow line needs long for one."""


def open_s3(place: BucketPlace, *, folder: Path, pause: Callable[[float], None] = time.sleep) -> "S3Storage":
    """`folder` takes what is being written; `pause` is how to wait before something is tried again."""
    return S3Storage(Bucket(place, pause=pause), folder=folder, pause=pause)


class S3Storage:
    def __init__(
        self,
        bucket: Bucket,
        *,
        folder: Path,
        pause: Callable[[float], None] = time.sleep,
        part_bytes: int = _PART_BYTES,
        abandoned_after: timedelta = _ABANDONED_AFTER,
    ) -> None:
        self._bucket = bucket
        self._folder = folder
        self._pause = pause
        self._part_bytes = part_bytes
        self._abandoned_after = abandoned_after
        self._last_key = self._key("f" * 64)
        """Stores list keys in their order: what else lies in the bucket, as any number of logs, is not gone through."""
        with translated_errors():
            folder.mkdir(parents=True, exist_ok=True)
            clear_abandoned(folder)

    def check(self) -> None:
        """Raises `StorageMissing`, `StorageForbidden` or another `StorageUnavailable` that says what is wrong."""
        self._bucket.check()

    def stage(self) -> "S3Staging":
        return S3Staging(self, self._folder)

    def open(self, sha256: str) -> BinaryIO:
        if not is_sha256(sha256):
            raise BlobNotFound(f"There is no blob {sha256!r}; blobs are named by 64 lower-case hex digits.")
        return verified(sha256, lambda: self._stream(sha256))

    def address(self, sha256: str, *, seconds: int) -> str | None:
        return self._bucket.address(self._key(sha256), seconds=seconds) if is_sha256(sha256) else None

    def exists(self, sha256: str) -> bool:
        return is_sha256(sha256) and self._bucket.has(self._key(sha256))

    def delete(self, sha256: str) -> None:
        if is_sha256(sha256):
            self._bucket.delete(self._key(sha256))

    def list(self) -> Iterator[Blob]:
        for each in self._bucket.objects():
            if each.key > self._last_key:
                return
            if sha256 := self._named_by(each.key):
                yield Blob(sha256, each.size_bytes, each.written_at)

    def clock(self) -> datetime | None:
        return self._bucket.clock()

    def clear_staging(self) -> int:
        with translated_errors():
            cleared = clear_abandoned(self._folder)
        with suppress(NotOffered, NoSuchUpload):
            for upload in self._bucket.unfinished():
                if self._named_by(upload.key) and upload.silent_for >= self._abandoned_after:
                    self._bucket.abort(upload.key, upload.id)
                    cleared += 1
        return cleared

    def keep(self, sha256: str, file: BinaryIO, *, size: int) -> None:
        """Put these bytes there under their name, whole and for good."""
        upload = Upload(self._bucket, self._key(sha256), sha256=sha256, part_bytes=self._part_bytes)
        try:
            upload.send(file, size=size)
        except StorageForbidden:
            # A bucket in which nothing may be written over may have it already.
            if not self._has_whole(sha256):
                raise

    def _has_whole(self, sha256: str) -> bool:
        try:
            with self.open(sha256) as blob:
                while blob.read(_PIECE_BYTES):
                    pass
        except (BlobNotFound, BlobDamaged, StorageForbidden):
            return False
        return True

    def _stream(self, sha256: str) -> ObjectStream:
        try:
            return ObjectStream(self._bucket, self._key(sha256), pause=self._pause)
        except NoSuchObject:
            raise BlobNotFound(f"There is no blob {sha256}.") from None

    def _key(self, sha256: str) -> str:
        return f"{self._bucket.place.prefix}{sha256[:2]}/{sha256[2:]}"

    def _named_by(self, key: str) -> str | None:
        """The blob of this key; None for what others keep in the bucket."""
        sha256 = key.removeprefix(self._bucket.place.prefix).replace("/", "", 1)
        return sha256 if is_sha256(sha256) and key == self._key(sha256) else None


class S3Staging(StagedFile):
    def __init__(self, storage: S3Storage, folder: Path) -> None:
        super().__init__(folder)
        self._storage = storage

    def __enter__(self) -> "S3Staging":
        self._open()
        return self

    def keep(self) -> str:
        sha256 = self._digest.hexdigest()
        with self.file() as file:
            self._storage.keep(sha256, file, size=self.size)
        return sha256
