"""Moves bodies of chunks out of the store: put there first, and only then let go of here, if all is as it was read."""

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from macropod_server.domain.errors import Unavailable
from macropod_server.domain.portions import portions
from macropod_server.logstore.base import LogStoreUnavailable
from macropod_server.logstore.bodies import Bodies
from macropod_server.logstore.stored import key_of, run_of_key
from macropod_server.logstore.table import chunks

_CHUNKS_AT_ONCE = 32
_SIDE_BY_SIDE = 8
_KEYS_AT_ONCE = 500

_letting_go = (
    update(chunks)
    .where(
        chunks.c.run_id == bindparam("run"),
        chunks.c.first_line == bindparam("first"),
        chunks.c.line_count == bindparam("count"),
        chunks.c.object.is_(None),
    )
    .values(object=bindparam("key"), body_bytes=bindparam("size"), body=b"")
)


class ChunkMoving:
    def __init__(
        self,
        transaction: Callable[[], AbstractContextManager[Connection]],
        turn: AbstractContextManager[Any],
        bodies: Bodies | None,
    ) -> None:
        self._transaction, self._turn, self._bodies = transaction, turn, bodies

    def move(self, run_ids: Collection[str]) -> bool:
        """A crash in between leaves an object of no chunk, which the next try finds there, or a sweep."""
        if self._bodies is None:
            return False
        here = self._still_here(run_ids)
        moved = self._put(self._bodies, here) if here else []
        if moved:
            with self._turn, self._transaction() as connection:
                connection.execute(_letting_go, moved)
        return len(here) == _CHUNKS_AT_ONCE

    def sweep(self, beginning: str, *, before: datetime) -> int:
        if self._bodies is None:
            return 0
        count = 0
        old = (key for key, put_at in self._bodies.keys(beginning) if put_at < before)
        for keys in portions(old, _KEYS_AT_ONCE):
            left = sorted(set(keys) - self._known({run_of_key(key) for key in keys}))
            self._bodies.remove(left)
            count += len(left)
        return count

    def _still_here(self, run_ids: Collection[str]) -> list[Any]:
        query = select(chunks).where(chunks.c.run_id.in_(run_ids), chunks.c.object.is_(None))
        with self._transaction() as connection:
            return list(connection.execute(query.limit(_CHUNKS_AT_ONCE)).all())

    def _put(self, bodies: Bodies, here: Sequence[Any]) -> list[dict[str, Any]]:
        def put(row: Any) -> dict[str, Any]:
            key = key_of(row)
            bodies.put(key, row.body)
            return {
                "run": row.run_id,
                "first": row.first_line,
                "count": row.line_count,
                "key": key,
                "size": len(row.body),
            }

        try:
            with ThreadPoolExecutor(_SIDE_BY_SIDE, thread_name_prefix="move") as workers:
                return list(workers.map(put, here))
        except Unavailable as error:
            raise LogStoreUnavailable(f"Lines cannot be moved to the bucket: {error.message}") from error

    def _known(self, run_ids: set[str]) -> set[str]:
        query = select(chunks.c.object).where(chunks.c.run_id.in_(run_ids), chunks.c.object.is_not(None))
        with self._transaction() as connection:
            return set(connection.scalars(query))
