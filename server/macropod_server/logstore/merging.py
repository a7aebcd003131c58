"""Makes few large chunks of many small ones. Read, work outside of any transaction, write if all is as it was read."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from typing import Any

import zstandard
from sqlalchemy import Connection, delete, insert, select, update

from macropod_server.logstore.packing import unpack
from macropod_server.logstore.table import chunks, upkeep

_BYTES = 256 * 1024
"""So large a chunk becomes at most: whoever wants one line of it takes all of it apart."""
_LARGE_ENOUGH = _BYTES // 2
_HEAD_BYTES = 32
_CHUNKS_AT_ONCE = 500
_NAME = "settled"
"""Servers of an earlier version note theirs as "merged", and do not do all that is done here."""

Chunk = Any
"""A row, or some columns of it."""


class _ChangedMeanwhile(Exception):
    """Somebody else merged, moved or dropped these chunks."""


class ChunkMerging:
    def __init__(
        self, transaction: Callable[[], AbstractContextManager[Connection]], turn: AbstractContextManager[Any]
    ) -> None:
        self._transaction, self._turn = transaction, turn

    def merge(self, run_id: str) -> bool:
        """Some large chunks, each in a transaction of its own."""
        small = self._small(run_id)
        groups = [group for group in _groups(small) if len(group) > 1]
        for group in groups:
            with suppress(_ChangedMeanwhile):
                self._merge(run_id, group)
        return bool(groups) and len(small) == _CHUNKS_AT_ONCE

    def merged_until(self) -> int:
        with self._transaction() as connection:
            return connection.scalar(select(upkeep.c.position).where(upkeep.c.name == _NAME)) or 0

    def note_merged(self, position: int) -> None:
        noting = update(upkeep).where(upkeep.c.name == _NAME).values(position=position)
        with self._turn, self._transaction() as connection:
            if not connection.execute(noting).rowcount:
                connection.execute(insert(upkeep).values(name=_NAME, position=position))

    def _small(self, run_id: str) -> list[Chunk]:
        size = chunks.c.size_bytes + _HEAD_BYTES * chunks.c.line_count
        outline = select(chunks.c.first_line, chunks.c.line_count, size.label("size"))
        is_small = (chunks.c.run_id == run_id, size < _LARGE_ENOUGH, chunks.c.object.is_(None))
        with self._transaction() as connection:
            found = connection.execute(outline.where(*is_small).order_by(chunks.c.first_line).limit(_CHUNKS_AT_ONCE))
            return list(found.all())

    def _merge(self, run_id: str, group: Sequence[Chunk]) -> None:
        head, rest = group[0], [each.first_line for each in group[1:]]
        is_its = (chunks.c.run_id == run_id, chunks.c.object.is_(None))
        is_head = (*is_its, chunks.c.first_line == head.first_line)
        is_rest = (*is_its, chunks.c.first_line.between(rest[0], rest[-1]))
        is_any = (*is_its, chunks.c.first_line.between(head.first_line, rest[-1]))
        with self._transaction() as connection:
            parts = connection.execute(select(chunks).where(*is_any).order_by(chunks.c.first_line)).all()
        if [each.first_line for each in parts] != [head.first_line, *rest]:
            raise _ChangedMeanwhile
        # The first grows and the others go at once: a reader finds every line in one chunk, before and after.
        growing = update(chunks).where(*is_head, chunks.c.line_count == head.line_count).values(**_joined(parts))
        with self._turn, self._transaction() as connection:
            has_grown = connection.execute(growing).rowcount == 1
            if not has_grown or connection.execute(delete(chunks).where(*is_rest)).rowcount != len(rest):
                raise _ChangedMeanwhile


def _groups(small: Sequence[Chunk]) -> Iterator[list[Chunk]]:
    """Chunks that follow each other without a gap and are no more together than a large one."""
    group, size = list[Chunk](), 0
    for chunk in small:
        follows = bool(group) and group[-1].first_line + group[-1].line_count == chunk.first_line
        if group and (not follows or size + chunk.size > _BYTES):
            yield group
            group, size = [], 0
        group.append(chunk)
        size += chunk.size
    if group:
        yield group


def _joined(parts: Sequence[Chunk]) -> dict[str, Any]:
    streams = {stream for part in parts for stream in part.streams.split(",")}
    return {
        "line_count": sum(part.line_count for part in parts),
        "first_at": min(part.first_at for part in parts),
        "last_at": max(part.last_at for part in parts),
        "streams": ",".join(sorted(streams)),
        "size_bytes": sum(part.size_bytes for part in parts),
        "latest_at": parts[-1].latest_at,
        "set_back": parts[-1].set_back,
        "text_before": parts[0].text_before,
        "body": zstandard.compress(b"".join(unpack(part) for part in parts)),
    }
