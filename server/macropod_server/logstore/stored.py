"""A chunk as it is read: its body is fetched when it is wanted, wherever it lies."""

import hashlib
from typing import Any

import zstandard
from sqlalchemy import Row

from macropod_server.domain.errors import Unavailable
from macropod_server.domain.lines import Stream, encode_segment
from macropod_server.logstore.base import LogStoreUnavailable
from macropod_server.logstore.bodies import Bodies
from macropod_server.logstore.packing import to_datetime

_NO_BUCKET = "Lines of run {run_id} lie in a bucket, and this server has none; see MACROPOD_STORAGE_URL."
_DIGITS = 16


class StoredChunk:
    """All columns of its row, by their names."""

    __slots__ = ("_bodies", "_row")

    def __init__(self, row: Row[Any], bodies: Bodies | None) -> None:
        self._row, self._bodies = row, bodies

    def __getattr__(self, name: str) -> Any:
        return getattr(self._row, name)

    @property
    def body(self) -> bytes:
        """Of what has gone from the bucket, or is not what was put there, every line says so."""
        if self._row.object is None:
            return bytes(self._row.body)
        found = self._fetched()
        return found if found is not None and digest(found) == self._row.object[-_DIGITS:] else self._lost()

    def _fetched(self) -> bytes | None:
        if self._bodies is None:
            raise LogStoreUnavailable(_NO_BUCKET.format(run_id=self._row.run_id))
        try:
            return self._bodies.get(self._row.object)
        except Unavailable as error:
            raise LogStoreUnavailable(f"Lines of run {self._row.run_id} lie in the bucket: {error.message}") from error

    def _lost(self) -> bytes:
        said = f"This line was lost: {self._row.object} is missing in the bucket, or damaged."
        at = to_datetime(self._row.last_at)
        return zstandard.compress(encode_segment(at, Stream.SYSTEM, [said] * self._row.line_count))


def key_of(row: Any) -> str:
    """The same for the same lines, whoever moves them; by its beginning the run can be told."""
    return f"{row.run_id[:2]}/{row.run_id}/{row.first_line}-{row.line_count}-{digest(row.body)}"


def run_of_key(key: str) -> str:
    return key.split("/")[1]


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:_DIGITS]
