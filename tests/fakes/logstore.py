"""LogStore in memory."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from threading import Lock

from macropod_server.domain.errors import TooLarge
from macropod_server.domain.lines import Line, Stream, segments
from macropod_server.logstore.base import MAX_BATCH_BYTES, LogExtent, LogStoreUnavailable


class MemoryLogStore:
    """`is_away` makes every call fail as it does when the store cannot be reached."""

    def __init__(self) -> None:
        self.is_away = False
        self._runs: defaultdict[str, list[Line]] = defaultdict(list)
        self._turn = Lock()

    def append(self, run_id: str, *, first: int, batch: bytes) -> int:
        if len(batch) > MAX_BATCH_BYTES:
            raise TooLarge(f"The batch of lines has {len(batch)} bytes; send at most {MAX_BATCH_BYTES} at once.")
        lines = list(_numbered(first, batch))
        with self._turn:
            stored = self._stored(run_id)
            if first == len(stored) + 1:
                stored.extend(lines)
            return len(stored) + 1

    def expected(self, run_id: str) -> int:
        return len(self._stored(run_id)) + 1

    def extent(self, run_id: str) -> LogExtent:
        lines = self._stored(run_id)
        times = [line.printed_at for line in lines]
        size_bytes = sum(len(line.text.encode()) for line in lines)
        return LogExtent(len(lines), size_bytes, min(times, default=None), max(times, default=None))

    def tail(self, run_id: str, *, limit: int, stream: Stream | None = None) -> list[Line]:
        lines = [line for line in self._stored(run_id) if stream in (None, line.stream)]
        return lines[max(0, len(lines) - limit) :]

    def read(
        self,
        run_id: str,
        *,
        first: int = 1,
        limit: int | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        stream: Stream | None = None,
    ) -> Iterator[Line]:
        lines = (
            line
            for line in self._stored(run_id)[max(0, first - 1) :]
            if stream in (None, line.stream)
            and (since is None or since <= line.printed_at)
            and (until is None or line.printed_at < until)
        )
        return islice(lines, limit)

    def drop(self, run_id: str) -> None:
        self._stored(run_id).clear()

    def _stored(self, run_id: str) -> list[Line]:
        if self.is_away:
            raise LogStoreUnavailable("The log store does not answer. Try again later.")
        return self._runs[run_id]


def _numbered(first: int, batch: bytes) -> Iterator[Line]:
    number = first
    for segment in segments(batch):
        for text in segment.texts():
            yield Line(number, segment.printed_at, segment.stream, text)
            number += 1
