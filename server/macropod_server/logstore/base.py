"""LogStore: lines of runs, apart from the scheduling tables. Promises tested by `tests/contracts`."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from macropod_server.domain.errors import OutOfSpace, Unavailable
from macropod_server.domain.levels import Level
from macropod_server.domain.lines import Line, Segment, Stream
from macropod_server.domain.search import Match, Query

MAX_BATCH_BYTES = 4 * 1024**2


class LogStoreUnavailable(Unavailable):
    """The log store cannot be read or written now (away, locked, full); nothing of a refused batch is stored."""


class LogStoreFull(LogStoreUnavailable, OutOfSpace):
    """The disk of the log store is full."""


@dataclass(frozen=True)
class Batch:
    """Lines of one run in the form they were sent, from line number `first` on."""

    run_id: str
    first: int
    content: bytes


@dataclass(frozen=True)
class LogUsage:
    """How many lines there are, and the bytes they take as they are kept."""

    lines: int
    bytes: int


@dataclass(frozen=True)
class LogSize:
    """The same of one run: also the bytes of text, those of `bytes` that lie outside of the store, and the earliest
    time of a line."""

    lines: int
    text_bytes: int
    bytes: int
    outside_bytes: int
    first_at: datetime


@dataclass(frozen=True)
class Stretch:
    """Lines of a run that were looked through: from `first` on, up to where the one before began. `matches` are
    those among them that match, the last first."""

    run_id: str
    first: int
    matches: Sequence[Match] = ()


class LogStore(Protocol):
    """Appends and reads the numbered lines of each run. Lines are numbered from 1, without a gap in what is appended.

    A store may leave out the middle of a very long log. In its place is a line of stream `system`, with the last number
    that was left out, which says how much is missing.

    Any method raises `LogStoreUnavailable` when the store cannot be reached. Threads and processes may share a store.
    """

    def append(self, run_id: str, *, first: int, batch: bytes) -> int:
        """Store a batch (see `domain.lines` for its form) that begins with line number `first`; durable on return.

        Stored only if `first` is the next number expected; otherwise nothing changes. Either way the number
        expected next is returned, so a sender that repeats itself or runs ahead learns where to go on.
        Raises `Invalid` for a batch that is not well formed and `TooLarge` for one over `MAX_BATCH_BYTES`,
        storing nothing.
        """
        ...

    def expected(self, run_id: str) -> int:
        """The number of the next line of this run: 1 for a run without lines."""
        ...

    def expected_of(self, run_ids: Collection[str]) -> dict[str, int]:
        """The same for each of several runs."""
        ...

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
        """The last `limit` lines, oldest first: of that stream, with a number under `before`, in that span of time,
        and telling that level or a graver one.

        With `max_bytes` only the newest whose texts have at most so many bytes together, but at least one.
        """
        ...

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
        """Lines from number `first` on, in order, lazily; printed at or after `since` and before `until`.

        With `level` only those that tell that level or a graver one. What is left out takes no memory.

        With `max_bytes` it ends before the line with which the texts have more bytes together, but not before one.
        """
        ...

    def segments(self, run_id: str, *, until: int | None = None) -> Iterator[tuple[int, Segment]]:
        """Every line in order, lazily, in segments, each with the number of its first line. Those that begin at line
        `until` or later may be left out."""
        ...

    def search(
        self,
        run_ids: Sequence[str],
        query: Query,
        *,
        before: int | None = None,
        is_over: Callable[[], bool] = lambda: False,
    ) -> Iterator[Stretch]:
        """Look through these runs in their order, each from its last line back; the first from the line before
        `before`. Lazily, and with the same matches while lines are appended or merged.

        It ends early once `is_over` says so, but not before the first stretch; and when it does, that was said before
        the last one. Several threads ask.
        """
        ...

    def drop(self, *run_ids: str) -> None:
        """Remove every line of these runs, a bounded part of the work at a time. Harmless when there are none."""
        ...

    def replace(self, said: Mapping[str, str]) -> None:
        """Remove the lines of these runs likewise, but leave in their place, with the number of the last, a line of
        stream `system` that says this. Nothing comes in the place of nothing. Harmless to repeat."""
        ...

    def merge(self, run_id: str) -> bool:
        """Keep the lines of a run in fewer, larger pieces, a bounded part of the work at a time; True when there may
        be more to do. Who reads, searches or appends meanwhile does not notice. Harmless to repeat."""
        ...

    def move(self, *run_ids: str) -> bool:
        """Keep the lines of these ended runs outside of the store, where it has such a place: a bounded part of the
        work at a time; True when there may be more to do. Who reads does not notice. Harmless to repeat.

        Raises `LogStoreUnavailable` while that place is away; then what was there before is readable as before.
        """
        ...

    def sweep(self, beginning: str, *, before: datetime) -> int:
        """Remove from that place what holds no line any more, of runs whose ids begin so, unless it came there at
        `before` or later. Answers how much that was."""
        ...

    def merged_until(self) -> int:
        """The position that was noted last; 0 at first."""
        ...

    def note_merged(self, position: int) -> None:
        """Note up to which position of the caller's own reckoning runs were merged."""
        ...

    def usage(self, run_ids: Collection[str] | None = None) -> LogUsage:
        """What all lines take, or those of these runs."""
        ...

    def sizes(self, run_ids: Collection[str]) -> dict[str, LogSize]:
        """What those of each of these runs take; a run without lines is not among them."""
        ...

    def batches(self) -> Iterator[Batch]:
        """Every line there is, lazily: run by run, each run from its first line on in order. What is appended
        or dropped meanwhile may be among them or not."""
        ...

    def fill(self, batches: Iterable[Batch]) -> None:
        """Store what the `batches` of another store gave. Made for many: not durable before it returns, and not
        for runs that lines are being appended to."""
        ...

    def close(self) -> None:
        """Let go of connections. Everything appended stays."""
        ...
