"""Sends a file to a bucket, whole or not at all: in one call, or in parts that appear together."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

from macropod_server.storage.base import StorageUnavailable
from macropod_server.storage.s3_bucket import Bucket
from macropod_server.storage.s3_refusals import AlreadyThere, NotOffered

_MOST_PARTS = 10_000


class Upload:
    """`key` appears with these bytes. What is there already is written over with the same; first it is asked that
    nothing be there, for that much a bucket allows in which nothing may be written over."""

    def __init__(self, bucket: Bucket, key: str, *, sha256: str, part_bytes: int) -> None:
        self._bucket = bucket
        self._key = key
        self._sha256 = sha256
        self._part_bytes = part_bytes

    def send(self, file: BinaryIO, *, size: int) -> None:
        """Memory for one part is taken."""
        if size <= self._part_bytes:
            self._send_at_once(b"".join(self._parts(file, self._part_bytes)))
        else:
            self._send_in_parts(file, max(self._part_bytes, -(-size // _MOST_PARTS)))

    def _send_at_once(self, body: bytes) -> None:
        try:
            self._bucket.put(self._key, body, only_new=True)
        except (AlreadyThere, NotOffered):
            self._bucket.put(self._key, body, only_new=False)

    def _send_in_parts(self, file: BinaryIO, part_bytes: int) -> None:
        try:
            self._send_parts(file, part_bytes, only_new=True)
        except AlreadyThere:
            # A store may have dropped the parts with the condition that did not hold.
            file.seek(0)
            self._send_parts(file, part_bytes, only_new=False)

    def _send_parts(self, file: BinaryIO, part_bytes: int, *, only_new: bool) -> None:
        bucket, key = self._bucket, self._key
        with self._begun() as upload_id:
            parts = enumerate(self._parts(file, part_bytes), 1)
            tags = [bucket.put_part(key, upload_id, number, part) for number, part in parts]
            try:
                bucket.complete(key, upload_id, tags, only_new=only_new)
            except NotOffered:
                bucket.complete(key, upload_id, tags, only_new=False)

    def _parts(self, file: BinaryIO, part_bytes: int) -> Iterator[bytes]:
        """Hashed once more: what the disk made of them in between must not get the name."""
        digest = hashlib.sha256()
        while part := file.read(part_bytes):
            digest.update(part)
            yield part
        if digest.hexdigest() != self._sha256:
            raise StorageUnavailable("The bytes changed while they lay aside on the server's disk; nothing was kept.")

    @contextmanager
    def _begun(self) -> Iterator[str]:
        upload_id = self._bucket.begin(self._key)
        try:
            yield upload_id
        except BaseException:
            # What cannot be taken back now is cleared later.
            with suppress(StorageUnavailable):
                self._bucket.abort(self._key, upload_id)
            raise
