"""LogStore in a SQL database of its own: each batch is a row, compressed; `merging` makes one of many."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from itertools import islice
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Engine, Select, column, exc, func, insert, select, values

from macropod_server.domain.levels import Level
from macropod_server.domain.lines import Line, Segment, Stream, segments
from macropod_server.domain.log_levels import is_as_grave, may_be_as_grave
from macropod_server.domain.portions import portions
from macropod_server.domain.search import Query
from macropod_server.logstore.appending import ChunkAppending
from macropod_server.logstore.base import Batch, LogSize, LogStoreFull, LogStoreUnavailable, LogUsage, Stretch
from macropod_server.logstore.bodies import Bodies
from macropod_server.logstore.budget import fitting
from macropod_server.logstore.measuring import ChunkMeasuring
from macropod_server.logstore.merging import ChunkMerging
from macropod_server.logstore.moving import ChunkMoving
from macropod_server.logstore.packing import (
    content_from,
    lines_backwards,
    lines_of,
    numbered_segments,
    pack,
    to_microseconds,
)
from macropod_server.logstore.places import ALL, Span, placed, span_of_time
from macropod_server.logstore.removing import ChunkRemoving
from macropod_server.logstore.searching import ChunkSearch
from macropod_server.logstore.selecting import printed_between, that_hold
from macropod_server.logstore.table import chunks, open_engine
from macropod_server.logstore.walking import ChunkWalk
from macropod_server.sql.errors import first_line, is_away, is_full
from macropod_server.sql.limits import WAIT_SECONDS

_MOST_CHUNKS_AT_ONCE = 16
_BEYOND_ANY_LINE = 2**62


def open_log_store(
    url: str, *, connections: int = 10, run_max_bytes: int | None = None, bodies: Bodies | None = None
) -> "ChunkLogStore":
    """The log store at this database URL; its table is made where it is missing.

    Of a run with more text than `run_max_bytes` the middle is left out. `bodies` takes what is moved.
    """
    with _translated_errors():
        engine = open_engine(url, connections=connections)
    return ChunkLogStore(engine, run_max_bytes=run_max_bytes, bodies=bodies)


class ChunkLogStore:
    """`on_append` is told of each batch once it is stored, and how many lines and bytes of text it has."""

    def __init__(self, engine: Engine, *, run_max_bytes: int | None = None, bodies: Bodies | None = None) -> None:
        self.on_append: Callable[[Batch, int, int], None] = lambda _batch, _lines, _size_bytes: None
        self._engine = engine
        # SQLite lets one writer in at a time, and its own way of waiting can starve a thread for a second.
        turn = _Turn() if engine.name == "sqlite" else None
        self._turn: AbstractContextManager[Any] = turn or nullcontext()
        self._appending = ChunkAppending(self._transaction, turn, run_max_bytes=run_max_bytes)
        self._walk = ChunkWalk(self._transaction, bodies)
        self._searching = ChunkSearch(self._transaction, self._walk.back, bodies)
        self._merging = ChunkMerging(self._transaction, self._turn)
        self._moving = ChunkMoving(self._transaction, self._turn, bodies)
        self._removing = ChunkRemoving(self._transaction, self._turn, bodies)
        self._measuring = ChunkMeasuring(self._transaction)

    def close(self) -> None:
        self._searching.close()
        self._engine.dispose()

    def append(self, run_id: str, *, first: int, batch: bytes) -> int:
        chunk = pack(run_id, first, batch)
        if chunk is None:
            return self.expected(run_id)
        answer = self._appending.append(chunk)
        if answer.is_stored:
            self.on_append(Batch(run_id, first, batch), chunk["line_count"], chunk["size_bytes"])
        return answer.expected

    def expected(self, run_id: str) -> int:
        with self._transaction() as connection:
            return _expected(connection, run_id)

    def expected_of(self, run_ids: Collection[str]) -> dict[str, int]:
        if not run_ids:
            return {}
        asked = values(column("run_id", chunks.c.run_id.type), name="asked").data([(each,) for each in run_ids]).cte()
        newest = _newest().where(chunks.c.run_id == asked.c.run_id).correlate(asked).scalar_subquery()
        with self._transaction() as connection:
            found = connection.execute(select(asked.c.run_id, newest)).all()
        return {run_id: following or 1 for run_id, following in found}

    def tail(
        self,
        run_id: str,
        *,
        limit: int,
        max_bytes: int | None = None,
        before: int | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        stream: Stream | None = None,
        level: Level | None = None,
    ) -> list[Line]:
        span = self._span(run_id, since, until)
        conditions = (*that_hold(stream), *printed_between(since, until), *span.conditions())
        newest_first = (
            line
            for chunk, end in self._walk.back(run_id, *conditions, before=before)
            for number, segment in reversed(list(numbered_segments(chunk)))
            if stream in (None, segment.stream) and _is_between(segment.printed_at, since, until)
            if may_be_as_grave(segment.body, level)
            for line in lines_backwards(number, segment, before=end)
            if level is None or is_as_grave(line.text, level)
        )
        return list(fitting(islice(newest_first, limit), max_bytes))[::-1]

    def read(
        self,
        run_id: str,
        *,
        first: int = 1,
        limit: int | None = None,
        max_bytes: int | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        stream: Stream | None = None,
        level: Level | None = None,
    ) -> Iterator[Line]:
        span = self._span(run_id, since, until)
        conditions = (*that_hold(stream), *printed_between(since, until), *span.conditions())
        lines = (
            line
            for chunk, start in self._walk.on(run_id, *conditions, first=max(first, span.first or 1))
            for number, segment in numbered_segments(chunk)
            if stream in (None, segment.stream) and _is_between(segment.printed_at, since, until)
            if may_be_as_grave(segment.body, level)
            for line in lines_of(number, segment, first=start)
            if level is None or is_as_grave(line.text, level)
        )
        return fitting(islice(lines, limit), max_bytes)

    def search(
        self,
        run_ids: Sequence[str],
        query: Query,
        *,
        before: int | None = None,
        is_over: Callable[[], bool] = lambda: False,
    ) -> Iterator[Stretch]:
        return self._searching.search(run_ids, query, before=before, is_over=is_over)

    def merge(self, run_id: str) -> bool:
        return self._merging.merge(run_id)

    def merged_until(self) -> int:
        return self._merging.merged_until()

    def note_merged(self, position: int) -> None:
        self._merging.note_merged(position)

    def move(self, *run_ids: str) -> bool:
        return self._moving.move(run_ids)

    def sweep(self, beginning: str, *, before: datetime) -> int:
        return self._moving.sweep(beginning, before=before)

    def drop(self, *run_ids: str) -> None:
        self._removing.drop(run_ids)

    def replace(self, said: Mapping[str, str]) -> None:
        self._removing.replace(said)

    def usage(self, run_ids: Collection[str] | None = None) -> LogUsage:
        return self._measuring.usage(run_ids)

    def sizes(self, run_ids: Collection[str]) -> dict[str, LogSize]:
        return self._measuring.sizes(run_ids)

    def batches(self) -> Iterator[Batch]:
        run_id = ""
        while run_id := self._run_after(run_id):
            for chunk, start in self._walk.on(run_id):
                yield Batch(run_id, max(start, chunk.first_line), content_from(chunk, start))

    def fill(self, batches: Iterable[Batch]) -> None:
        for some in portions(placed(batches), _MOST_CHUNKS_AT_ONCE):
            rows = list(some)
            with self._turn, self._transaction() as connection:
                connection.execute(insert(chunks), rows)

    def _run_after(self, run_id: str) -> str:
        with self._transaction() as connection:
            found = connection.scalar(select(func.min(chunks.c.run_id)).where(chunks.c.run_id > run_id))
        return found or ""

    def segments(self, run_id: str, *, until: int | None = None) -> Iterator[tuple[int, Segment]]:
        end = [] if until is None else [chunks.c.first_line < min(until, _BEYOND_ANY_LINE)]
        for chunk, start in self._walk.on(run_id, *end):
            number = max(start, chunk.first_line)
            for segment in segments(content_from(chunk, start)):
                yield number, segment
                number += segment.line_count

    def _span(self, run_id: str, since: datetime | None, until: datetime | None) -> Span:
        if since is None and until is None:
            return ALL
        bounds = [None if moment is None else to_microseconds(moment) for moment in (since, until)]
        with self._transaction() as connection:
            return span_of_time(connection, run_id, *bounds)

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with _translated_errors(), self._engine.begin() as connection:
            yield connection


class _Turn:
    """One writer at a time; who waits for long is told so."""

    def __init__(self) -> None:
        self._lock = Lock()

    def __enter__(self) -> None:
        if not self._lock.acquire(timeout=WAIT_SECONDS):
            raise LogStoreUnavailable(f"The log store is busy: others have been writing for {WAIT_SECONDS} s.")

    def __exit__(self, *exc: object) -> None:
        self._lock.release()


@contextmanager
def _translated_errors() -> Iterator[None]:
    try:
        yield
    except exc.SQLAlchemyError as error:
        if is_full(error):
            raise LogStoreFull("The disk of the log store is full; nothing of this was stored.") from error
        if is_away(error):
            message = f"The log store does not answer: {first_line(error)}. Try again later."
            raise LogStoreUnavailable(message) from error
        raise


def _expected(connection: Connection, run_id: str) -> int:
    return connection.scalar(_newest().where(chunks.c.run_id == run_id)) or 1


def _newest() -> Select[tuple[int]]:
    """The number after the last line."""
    following = chunks.c.first_line + chunks.c.line_count
    return select(following).order_by(chunks.c.first_line.desc()).limit(1)


def _is_between(moment: datetime, since: datetime | None, until: datetime | None) -> bool:
    return (since is None or since <= moment) and (until is None or moment < until)
