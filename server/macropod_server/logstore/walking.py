"""Goes through the chunks of a run by its lines, on or back, while others append to them and merge them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, select

from macropod_server.logstore.bodies import Bodies
from macropod_server.logstore.stored import StoredChunk
from macropod_server.logstore.table import chunks

_MOST_CHUNKS_AT_ONCE = 16
_MOST_SMALL_CHUNKS_AT_ONCE = 256
_TEXT_AT_ONCE = 1024**2
_BEYOND_ANY_LINE = 2**62

Place = tuple[StoredChunk, int]
"""A chunk, and the line at which what is wanted of it begins, or before which it ends."""


class ChunkWalk:
    def __init__(
        self, transaction: Callable[[], AbstractContextManager[Connection]], bodies: Bodies | None = None
    ) -> None:
        self._transaction, self._bodies = transaction, bodies

    def on(self, run_id: str, *conditions: ColumnElement[bool], first: int = 1) -> Iterator[Place]:
        """Chunks from the one with line `first` on, each with the first of its lines that is wanted.

        A chunk may have grown by those after it since the last look, so it is lines that are gone on from. Few at
        first, and no connection kept in between.
        """
        # Two at once: for who reads on at the head, one that comes and none after it are one look.
        start, size = min(first, _BEYOND_ANY_LINE), 2
        in_run = (chunks.c.run_id == run_id, *conditions)
        while True:
            holder = select(func.max(chunks.c.first_line)).where(
                chunks.c.run_id == run_id, chunks.c.first_line <= start
            )
            from_there = chunks.c.first_line >= func.coalesce(holder.scalar_subquery(), 0)
            is_ahead = chunks.c.first_line + chunks.c.line_count > start
            query = select(chunks).where(*in_run, from_there, is_ahead).order_by(chunks.c.first_line)
            with self._transaction() as connection:
                found = connection.execute(query.limit(size)).all()
            for chunk in found:
                yield StoredChunk(chunk, self._bodies), start
                start = chunk.first_line + chunk.line_count
            if len(found) < size:
                return
            size = _next_size(found)

    def back(self, run_id: str, *conditions: ColumnElement[bool], before: int | None = None) -> Iterator[Place]:
        """The same from the last line, or the one before `before`, back: each with where its wanted lines end."""
        end, size = _BEYOND_ANY_LINE if before is None else min(before, _BEYOND_ANY_LINE), 1
        query = select(chunks).where(chunks.c.run_id == run_id, *conditions).order_by(chunks.c.first_line.desc())
        while True:
            with self._transaction() as connection:
                found = connection.execute(query.where(chunks.c.first_line < end).limit(size)).all()
            for chunk in found:
                yield StoredChunk(chunk, self._bodies), end
                end = chunk.first_line
            if len(found) < size:
                return
            size = _next_size(found)


def _next_size(found: Sequence[Row[Any]]) -> int:
    """Twice as many as before, but not much text at once: small chunks come many at a time."""
    size_bytes: int = sum(chunk.size_bytes for chunk in found)
    fitting = _TEXT_AT_ONCE * len(found) // max(1, size_bytes)
    return min(len(found) * 2, max(_MOST_CHUNKS_AT_ONCE, min(fitting, _MOST_SMALL_CHUNKS_AT_ONCE)))
