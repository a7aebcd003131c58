"""Searches chunks: which are read, in what order, and by how many threads. What a match is, `domain.sifting` knows."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from threading import Semaphore

import zstandard
from sqlalchemy import ColumnElement, Connection, func, or_, select

from macropod_server.domain.portions import portions
from macropod_server.domain.search import Query
from macropod_server.domain.sifting import Places, Sifted, matches, sift
from macropod_server.logstore.base import Stretch
from macropod_server.logstore.bodies import Bodies
from macropod_server.logstore.selecting import printed_between, that_hold
from macropod_server.logstore.stored import StoredChunk
from macropod_server.logstore.table import chunks

_RUNS_AT_ONCE = 100
_CHUNKS_AT_ONCE = 16
_WORKERS = min(4, os.cpu_count() or 1)
_FETCHERS = 16
"""Where bodies are fetched from a bucket most threads wait for one, and as many as ever work."""

Chunk = StoredChunk
ChunksBack = Callable[..., Iterator[tuple[Chunk, int]]]


class ChunkSearch:
    """Decompression and RE2 work without Python's lock, so that a thread a core goes through chunks at once. All
    searches share these threads: many of them do not take more of the machine than one does."""

    def __init__(
        self,
        transaction: Callable[[], AbstractContextManager[Connection]],
        chunks_back: ChunksBack,
        bodies: Bodies | None = None,
    ) -> None:
        self._transaction, self._chunks_back, self._bodies = transaction, chunks_back, bodies
        threads = _FETCHERS if bodies else _WORKERS
        self._ahead, self._cores = 2 * threads, Semaphore(_WORKERS)
        self._workers = ThreadPoolExecutor(threads, thread_name_prefix="search")

    def close(self) -> None:
        self._workers.shutdown(cancel_futures=True)

    def search(
        self, run_ids: Sequence[str], query: Query, *, before: int | None, is_over: Callable[[], bool]
    ) -> Iterator[Stretch]:
        conditions = (*that_hold(query.stream), *printed_between(query.since, query.until))
        for chunk, end, sifted in self._sifted(self._chunks(run_ids, conditions, before), query, is_over):
            # Asked before, so that whoever asks after the last stretch hears the same.
            is_last = sifted.reached > 0 or is_over()
            yield from _stretches(chunk, end, sifted, query)
            if is_last:
                return

    def _sifted(
        self, found: Iterable[tuple[Chunk, int]], query: Query, is_over: Callable[[], bool]
    ) -> Iterator[tuple[Chunk, int, Sifted]]:
        ahead: deque[tuple[Chunk, int, Future[Sifted]]] = deque()
        try:
            for chunk, end in found:
                ahead.append((chunk, end, self._workers.submit(self._sift, chunk, query, is_over)))
                if len(ahead) > self._ahead:
                    chunk, end, future = ahead.popleft()
                    yield chunk, end, future.result()
            while ahead:
                chunk, end, future = ahead.popleft()
                yield chunk, end, future.result()
        finally:
            for _, _, future in ahead:
                future.cancel()

    def _chunks(
        self, run_ids: Sequence[str], conditions: Sequence[ColumnElement[bool]], before: int | None
    ) -> Iterator[tuple[Chunk, int]]:
        """Each with the line before which its wanted lines end. Runs of few chunks are fetched together."""
        first = run_ids[0] if run_ids else ""
        for some in portions(run_ids, _RUNS_AT_ONCE):
            for group in self._groups(some):
                if len(group) == 1:
                    yield from self._chunks_back(*group, *conditions, before=before if group == [first] else None)
                else:
                    yield from self._chunks_of(group, conditions, {first: before})

    def _groups(self, run_ids: Sequence[str]) -> Iterator[list[str]]:
        counted = select(chunks.c.run_id, func.count()).where(chunks.c.run_id.in_(run_ids)).group_by(chunks.c.run_id)
        with self._transaction() as connection:
            counts: dict[str, int] = {run_id: count for run_id, count in connection.execute(counted)}  # noqa: C416
        group, size = list[str](), 0
        for run_id in run_ids:
            if run_id not in counts:
                continue
            if group and size + counts[run_id] > _CHUNKS_AT_ONCE:
                yield group
                group, size = [], 0
            group.append(run_id)
            size += counts[run_id]
        if group:
            yield group

    def _chunks_of(
        self, run_ids: Sequence[str], conditions: Sequence[ColumnElement[bool]], before: dict[str, int | None]
    ) -> Iterator[tuple[Chunk, int]]:
        limits = [
            or_(chunks.c.run_id != run_id, chunks.c.first_line < line)
            for run_id, line in before.items()
            if line is not None
        ]
        query = select(chunks).where(chunks.c.run_id.in_(run_ids), *conditions, *limits)
        with self._transaction() as connection:
            found = connection.execute(query).all()
        place = {run_id: number for number, run_id in enumerate(run_ids)}
        for chunk in sorted(found, key=lambda chunk: (place[chunk.run_id], -chunk.first_line)):
            end = chunk.first_line + chunk.line_count
            yield StoredChunk(chunk, self._bodies), min(end, before.get(chunk.run_id) or end)

    def _sift(self, chunk: Chunk, query: Query, is_over: Callable[[], bool]) -> Sifted:
        body = chunk.body
        with self._cores:
            return sift(zstandard.decompress(body), query.pattern, is_over)


def _stretches(chunk: Chunk, end: int, sifted: Sifted, query: Query) -> Iterator[Stretch]:
    """A stretch for every place that was promising, and one for the rest."""
    if not sifted.promising and not sifted.reached:
        yield Stretch(chunk.run_id, chunk.first_line)
        return
    places = Places(sifted.content, first=chunk.first_line)
    for start, stop in sifted.promising:
        found = matches(sifted.content, places, start, stop, query)
        first = min(end, places.number_from(start))
        yield Stretch(chunk.run_id, first, [match for match in found if match.line.number < end])
    yield Stretch(chunk.run_id, min(end, places.number_from(sifted.reached)))
