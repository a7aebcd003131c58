"""LogStore in a SQL database of its own: each batch is a row, compressed as it came, and never changed again."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from itertools import islice
from threading import Lock
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    Select,
    column,
    delete,
    exc,
    func,
    insert,
    select,
    values,
)

from macropod_server.domain.lines import Line, Segment, Stream
from macropod_server.domain.portions import portions
from macropod_server.logstore.base import Batch, LogStoreFull, LogStoreUnavailable, LogUsage
from macropod_server.logstore.budget import fitting
from macropod_server.logstore.capping import leave_out_the_middle
from macropod_server.logstore.packing import lines_backwards, lines_of, numbered_segments, pack, to_microseconds, unpack
from macropod_server.logstore.places import ALL, Span, following, newest_chunk, placed, span_of_time
from macropod_server.logstore.table import chunks, open_engine
from macropod_server.sql.errors import first_line, is_away, is_full
from macropod_server.sql.limits import WAIT_SECONDS

_MOST_CHUNKS_AT_ONCE = 16
_MOST_SMALL_CHUNKS_AT_ONCE = 256
_TEXT_AT_ONCE = 1024**2
_MOST_RUNS_AT_ONCE = 500
_BEYOND_ANY_LINE = 2**62


def open_log_store(url: str, *, connections: int = 10, run_max_bytes: int | None = None) -> "ChunkLogStore":
    """The log store at this database URL; its table is made where it is missing.

    Of a run with more text than `run_max_bytes` the middle is left out.
    """
    with _translated_errors():
        return ChunkLogStore(open_engine(url, connections=connections), run_max_bytes=run_max_bytes)


class ChunkLogStore:
    """`on_append` is told how many lines and bytes each stored batch has."""

    def __init__(self, engine: Engine, *, run_max_bytes: int | None = None) -> None:
        self.on_append: Callable[[int, int], None] = lambda _lines, _size_bytes: None
        self._engine = engine
        self._run_max_bytes = run_max_bytes
        # SQLite lets one writer in at a time, and its own way of waiting can starve a thread for a second.
        self._turn: AbstractContextManager[Any] = _Turn() if engine.name == "sqlite" else nullcontext()

    def close(self) -> None:
        self._engine.dispose()

    def append(self, run_id: str, *, first: int, batch: bytes) -> int:
        chunk = pack(run_id, first, batch)
        try:
            with self._turn, self._transaction() as connection:
                newest = newest_chunk(connection, run_id)
                expected = newest.first_line + newest.line_count if newest else 1
                if chunk is None or first != expected:
                    return expected
                chunk |= following(newest._asdict() if newest else None, chunk)
                connection.execute(insert(chunks), chunk)
                if self._run_max_bytes is not None:
                    leave_out_the_middle(connection, chunk, most_bytes=self._run_max_bytes)
        except exc.IntegrityError:
            # Another sender stored this first line between our look and our insert.
            return self.expected(run_id)
        self.on_append(chunk["line_count"], chunk["size_bytes"])
        return expected + int(chunk["line_count"])

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
    ) -> list[Line]:
        conditions = (*_that_hold(stream), *_printed_between(since, until))
        end = _BEYOND_ANY_LINE if before is None else min(before, _BEYOND_ANY_LINE)
        span = self._span(run_id, since, until)
        chunks_end = end if span.last is None else min(end, span.last + 1)
        newest_first = (
            line
            for chunk in self._chunks(run_id, *conditions, *span.conditions(), before=chunks_end)
            for number, segment in reversed(list(numbered_segments(chunk)))
            if stream in (None, segment.stream) and _is_between(segment.printed_at, since, until)
            for line in lines_backwards(number, segment, before=end)
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
    ) -> Iterator[Line]:
        conditions = (*_that_hold(stream), *_printed_between(since, until))
        span = self._span(run_id, since, until)
        start = max(self._chunk_with(run_id, first), span.first or 0)
        lines = (
            line
            for chunk in self._chunks(run_id, *conditions, *span.conditions(), after=start - 1)
            for number, segment in numbered_segments(chunk)
            if stream in (None, segment.stream) and _is_between(segment.printed_at, since, until)
            for line in lines_of(number, segment, first=first)
        )
        return fitting(islice(lines, limit), max_bytes)

    def drop(self, *run_ids: str) -> None:
        with self._turn, self._transaction() as connection:
            connection.execute(delete(chunks).where(chunks.c.run_id.in_(run_ids)))

    def usage(self, run_ids: Collection[str] | None = None) -> LogUsage:
        if run_ids is not None:
            each = [self._usage_where(chunks.c.run_id.in_(some)) for some in portions(run_ids, _MOST_RUNS_AT_ONCE)]
            return LogUsage(sum(usage.lines for usage in each), sum(usage.bytes for usage in each))
        return self._usage_where()

    def _usage_where(self, *conditions: ColumnElement[bool]) -> LogUsage:
        sums = (func.sum(chunks.c.line_count), func.sum(func.length(chunks.c.body)))
        with self._transaction() as connection:
            lines, size = connection.execute(select(*sums).where(*conditions)).one()
        return LogUsage(int(lines or 0), int(size or 0))

    def batches(self) -> Iterator[Batch]:
        run_id = ""
        while run_id := self._run_after(run_id):
            for chunk in self._chunks(run_id):
                yield Batch(run_id, chunk.first_line, unpack(chunk))

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
        for chunk in self._chunks(run_id, *end):
            yield from numbered_segments(chunk)

    def _span(self, run_id: str, since: datetime | None, until: datetime | None) -> Span:
        if since is None and until is None:
            return ALL
        bounds = [None if moment is None else to_microseconds(moment) for moment in (since, until)]
        with self._transaction() as connection:
            return span_of_time(connection, run_id, *bounds)

    def _chunk_with(self, run_id: str, line: int) -> int:
        """The number of the first line of the chunk that holds this line."""
        newest = select(func.max(chunks.c.first_line)).where(chunks.c.run_id == run_id)
        with self._transaction() as connection:
            return connection.scalar(newest.where(chunks.c.first_line <= min(line, _BEYOND_ANY_LINE))) or 0

    def _chunks(
        self, run_id: str, *conditions: ColumnElement[bool], after: int = 0, before: int = 0
    ) -> Iterator[Row[Any]]:
        """Chunks from `after` on, or backwards from `before`: few at first, and no connection kept in between."""
        # Forwards two at once: for who reads on at the head, one that comes and none after it are one look.
        key, cursor, size = chunks.c.first_line, before or after, 1 if before else 2
        query = select(chunks).where(chunks.c.run_id == run_id, *conditions)
        query = query.order_by(key.desc() if before else key)
        while True:
            beyond = key < cursor if before else key > cursor
            with self._transaction() as connection:
                found = connection.execute(query.where(beyond).limit(size)).all()
            yield from found
            if len(found) < size:
                return
            cursor, size = found[-1].first_line, _next_size(found)

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


def _next_size(found: Sequence[Row[Any]]) -> int:
    """Twice as many as before, but not much text at once: small chunks come many at a time."""
    size_bytes: int = sum(chunk.size_bytes for chunk in found)
    fitting = _TEXT_AT_ONCE * len(found) // max(1, size_bytes)
    return min(len(found) * 2, max(_MOST_CHUNKS_AT_ONCE, min(fitting, _MOST_SMALL_CHUNKS_AT_ONCE)))


def _that_hold(stream: Stream | None) -> list[ColumnElement[bool]]:
    return [] if stream is None else [chunks.c.streams.contains(stream.value)]


def _printed_between(since: datetime | None, until: datetime | None) -> list[ColumnElement[bool]]:
    lower = [] if since is None else [chunks.c.last_at >= to_microseconds(since)]
    upper = [] if until is None else [chunks.c.first_at < to_microseconds(until)]
    return lower + upper


def _is_between(moment: datetime, since: datetime | None, until: datetime | None) -> bool:
    return (since is None or since <= moment) and (until is None or moment < until)
