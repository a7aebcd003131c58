"""LogStore in memory."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import accumulate, islice
from threading import Lock

from macropod_server.domain.errors import TooLarge
from macropod_server.domain.levels import Level
from macropod_server.domain.lines import Line, Segment, Stream, encode_segment, segments
from macropod_server.domain.log_levels import is_as_grave
from macropod_server.domain.search import Query
from macropod_server.logstore.base import MAX_BATCH_BYTES, Batch, LogSize, LogStoreUnavailable, LogUsage, Stretch


class MemoryLogStore:
    """`is_away` makes every call fail as it does when the store cannot be reached."""

    def __init__(self) -> None:
        self.is_away = False
        self._runs: defaultdict[str, list[Line]] = defaultdict(list)
        self._turn = Lock()
        self._merged_until = 0

    def append(self, run_id: str, *, first: int, batch: bytes) -> int:
        if len(batch) > MAX_BATCH_BYTES:
            raise TooLarge(f"The batch of lines has {len(batch)} bytes; send at most {MAX_BATCH_BYTES} at once.")
        lines = list(_numbered(first, batch))
        with self._turn:
            if first == self.expected(run_id):
                self._stored(run_id).extend(lines)
            return self.expected(run_id)

    def expected(self, run_id: str) -> int:
        lines = self._stored(run_id)
        return lines[-1].number + 1 if lines else 1

    def expected_of(self, run_ids: Collection[str]) -> dict[str, int]:
        return {run_id: self.expected(run_id) for run_id in run_ids}

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
        lines = list(self.read(run_id, since=since, until=until, stream=stream, level=level))
        newest_first = [line for line in reversed(lines) if before is None or line.number < before]
        return _fitting(newest_first[:limit], max_bytes)[::-1]

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
        lines = (
            line
            for line in self._stored(run_id)
            if line.number >= first
            and stream in (None, line.stream)
            and (since is None or since <= line.printed_at)
            and (until is None or line.printed_at < until)
            and is_as_grave(line.text, level)
        )
        return iter(_fitting(list(islice(lines, limit)), max_bytes))

    def segments(self, run_id: str, *, until: int | None = None) -> Iterator[tuple[int, Segment]]:
        for line in self._stored(run_id):
            if until is not None and line.number >= until:
                return
            yield line.number, Segment(line.printed_at, line.stream, 1, f"{line.text}\n".encode())

    def search(
        self,
        run_ids: Sequence[str],
        query: Query,
        *,
        before: int | None = None,
        is_over: Callable[[], bool] = lambda: False,
    ) -> Iterator[Stretch]:
        for run_id in run_ids:
            for line in reversed(list(self._stored(run_id))):
                if before is not None and run_id == run_ids[0] and line.number >= before:
                    continue
                spans = query.pattern.spans(line.text.encode())
                match = query.matched(line, spans) if query.admits(line.printed_at, line.stream) else None
                is_last = is_over()
                yield Stretch(run_id, line.number, [match] if match else [])
                if is_last:
                    return

    def merge(self, run_id: str) -> bool:
        self._stored(run_id)
        return False

    def merged_until(self) -> int:
        self._run_ids()
        return self._merged_until

    def note_merged(self, position: int) -> None:
        self._run_ids()
        self._merged_until = position

    def drop(self, *run_ids: str) -> None:
        for run_id in run_ids:
            self._stored(run_id).clear()

    def replace(self, said: Mapping[str, str]) -> None:
        for run_id, text in said.items():
            if lines := self._stored(run_id):
                lines[:] = [Line(lines[-1].number, lines[-1].printed_at, Stream.SYSTEM, text)]

    def move(self, *run_ids: str) -> bool:
        self._run_ids()
        return False

    def sweep(self, beginning: str, *, before: datetime) -> int:
        return 0

    def close(self) -> None:
        """Nothing to let go of."""

    def usage(self, run_ids: Collection[str] | None = None) -> LogUsage:
        lines = [
            line for run_id in self._run_ids() if run_ids is None or run_id in run_ids for line in self._runs[run_id]
        ]
        return LogUsage(len(lines), sum(len(line.text.encode()) for line in lines))

    def sizes(self, run_ids: Collection[str]) -> dict[str, LogSize]:
        sizes = {}
        for run_id in run_ids:
            if lines := self._stored(run_id):
                size = sum(len(line.text.encode()) for line in lines)
                sizes[run_id] = LogSize(len(lines), size, size, 0, min(line.printed_at for line in lines))
        return sizes

    def batches(self) -> Iterator[Batch]:
        for run_id in self._run_ids():
            for line in self._runs[run_id]:
                yield Batch(run_id, line.number, encode_segment(line.printed_at, line.stream, [line.text]))

    def fill(self, batches: Iterable[Batch]) -> None:
        for each in batches:
            self.append(each.run_id, first=each.first, batch=each.content)

    def _run_ids(self) -> list[str]:
        if self.is_away:
            raise LogStoreUnavailable("The log store does not answer. Try again later.")
        return sorted(run_id for run_id, lines in self._runs.items() if lines)

    def _stored(self, run_id: str) -> list[Line]:
        if self.is_away:
            raise LogStoreUnavailable("The log store does not answer. Try again later.")
        return self._runs[run_id]


def _fitting(lines: list[Line], max_bytes: int | None) -> list[Line]:
    sizes = accumulate(len(line.text.encode()) for line in lines)
    count = sum(1 for size in sizes if max_bytes is None or size <= max_bytes)
    return lines[: max(1, count)]


def _numbered(first: int, batch: bytes) -> Iterator[Line]:
    number = first
    for segment in segments(batch):
        for text in segment.texts():
            yield Line(number, segment.printed_at, segment.stream, text)
            number += 1
