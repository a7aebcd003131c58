"""One reader of a run's log for all who follow it at one server: what it reads is made once and handed to each.

Everything here happens in one event loop; only the reading itself is done in a thread. A few lines that were just
stored at this server are not read back but handed on as they came; whatever else comes is read from the store.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import structlog
from fastapi.concurrency import run_in_threadpool

from macropod_server.api.log_events import PAUSE, Wanted
from macropod_server.domain.errors import NotFound, Unavailable
from macropod_server.domain.lines import Line, lines_of_batch
from macropod_server.logstore.base import Batch as StoredBatch
from macropod_server.signals import Bell, Signals, lines_of

log = structlog.get_logger()

LOOK_SECONDS = 1.0
MOST_WAITING_BYTES = 4 * 1024**2
_LINE_OVERHEAD_BYTES = 100
_FEW_LINES = 200
_FEW_BYTES = 64 * 1024


@dataclass(frozen=True)
class Look:
    """What one look at a run found: lines, maybe with more behind them, or that it has ended and none will follow."""

    lines: list[Line]
    end: str | None = None
    is_full: bool = False


@dataclass(frozen=True)
class Batch:
    """Lines that were read once, and each form of them that a follower wants, made once."""

    lines: list[Line]
    size_bytes: int
    _events: dict[Wanted, str | None] = field(default_factory=dict)

    def event(self, wanted: Wanted) -> str | None:
        if wanted not in self._events:
            self._events[wanted] = wanted.event(self.lines)
        return self._events[wanted]


class Follower:
    """What was read for one of them and not yet taken. One that does not keep up is let go, never waited for."""

    def __init__(self, wanted: Wanted, *, begins_after: int, on_taken: Callable[[], None]) -> None:
        self.wanted = wanted
        self.begins_after = begins_after
        """Every line after this one comes through here; those before it the follower reads itself."""
        self._waiting: deque[Batch] = deque()
        self._waiting_bytes = 0
        self._last_word: str | None = None
        self._news = asyncio.Event()
        self._on_taken = on_taken

    @property
    def is_busy(self) -> bool:
        return bool(self._waiting)

    @property
    def is_over(self) -> bool:
        return self._last_word is not None

    def offer(self, batch: Batch) -> None:
        if self._waiting and self._waiting_bytes + batch.size_bytes > MOST_WAITING_BYTES:
            self._waiting.clear()
            self.conclude(PAUSE)
            return
        self._waiting.append(batch)
        self._waiting_bytes += batch.size_bytes
        self._news.set()

    def conclude(self, last_word: str) -> None:
        """Nothing more will come: `PAUSE`, or the event of the end."""
        self._last_word = self._last_word or last_word
        self._news.set()

    async def take(self, seconds: float) -> Batch | str | None:
        """The next lines, the last word when there are none, or None after so many seconds without news."""
        if not self._waiting and not self.is_over:
            self._news.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), seconds)
        if not self._waiting:
            return self._last_word
        batch = self._waiting.popleft()
        self._waiting_bytes -= batch.size_bytes
        self._on_taken()
        return batch


class Broadcasts:
    """All of one server, by run. `look` is told a run and a line number, and asked what came after it."""

    def __init__(self, signals: Signals, look: Callable[[str, int], Look]) -> None:
        self._signals = signals
        self._look = look
        self._by_run: dict[str, _Broadcast] = {}

    @contextmanager
    def joined(self, run_id: str, wanted: Wanted, *, after: int) -> Iterator[Follower]:
        """Follow from where the reader is; who comes first says where that is. Call inside the event loop."""
        broadcast = self._by_run.get(run_id)
        if broadcast is None or broadcast.is_over:
            broadcast = self._by_run[run_id] = _Broadcast(run_id, self._signals, self._look, after=after)
        follower = broadcast.admit(wanted)
        try:
            yield follower
        finally:
            broadcast.dismiss(follower)
            if broadcast.is_over and self._by_run.get(run_id) is broadcast:
                del self._by_run[run_id]


class _Broadcast:
    def __init__(self, run_id: str, signals: Signals, look: Callable[[str, int], Look], *, after: int) -> None:
        self._run_id = run_id
        self._signals = signals
        self._look = look
        self._after = after
        self._is_at_the_head = False
        self._followers: set[Follower] = set()
        self._taken = asyncio.Event()
        self._reader = asyncio.get_running_loop().create_task(self._read())

    @property
    def is_over(self) -> bool:
        return self._reader.done() or self._reader.cancelling() > 0

    def admit(self, wanted: Wanted) -> Follower:
        follower = Follower(wanted, begins_after=self._after, on_taken=self._taken.set)
        self._followers.add(follower)
        self._taken.set()
        return follower

    def dismiss(self, follower: Follower) -> None:
        self._followers.discard(follower)
        self._taken.set()
        if not self._followers:
            self._reader.cancel()

    async def _read(self) -> None:
        last_word = PAUSE
        try:
            with self._signals.bell(self._run_id, lines_of(self._run_id), take=self._take) as bell:
                last_word = await self._read_on(bell)
        except (Unavailable, NotFound):
            pass  # Who asks again is told what is wrong.
        except Exception:
            log.exception("log_reader_failed", run_id=self._run_id)
        finally:
            for follower in self._followers:
                follower.conclude(last_word)

    async def _read_on(self, bell: Bell) -> str:
        """Until the run or the server ends, or nobody is left; returns the last word."""
        # A cancellation may be lost where what was waited for comes in the same moment (asyncio.wait_for before 3.12).
        while self._followers and not self._signals.is_closing:
            await self._until_somebody_waits()
            found, batch = await run_in_threadpool(self._look_once, {each.wanted for each in self._followers})
            if batch:
                self._after = found.lines[-1].number
                self._hand_on(batch)
            elif found.end:
                return found.end
            if not found.is_full and not found.end:
                self._is_at_the_head = True
                await bell.wait(LOOK_SECONDS)
                self._is_at_the_head = False
        return PAUSE

    def _take(self, stored: StoredBatch) -> bool:
        """Hand on what was just stored, if it comes next; False when it is to be read."""
        is_little = len(stored.content) <= _FEW_BYTES and stored.content.count(b"\n") <= _FEW_LINES
        if not (self._is_at_the_head and stored.first == self._after + 1 and is_little and self._does_somebody_wait()):
            return False
        batch = _batch(list(lines_of_batch(stored.content, first=stored.first)))
        self._after = batch.lines[-1].number
        self._hand_on(batch)
        return True

    def _look_once(self, wishes: set[Wanted]) -> tuple[Look, Batch | None]:
        """What is wanted is made here, in a thread, not in the loop that serves everybody."""
        found = self._look(self._run_id, self._after)
        if not found.lines:
            return found, None
        batch = _batch(found.lines)
        for wanted in wishes:
            batch.event(wanted)
        return found, batch

    def _hand_on(self, batch: Batch) -> None:
        for follower in [each for each in self._followers if not each.is_over]:
            follower.offer(batch)
            if follower.is_over:
                log.info("follower_let_go", run_id=self._run_id, reason="it does not keep up")

    async def _until_somebody_waits(self) -> None:
        """The fastest sets the pace: where none keeps up, reading ahead would only let all of them go."""
        while self._followers and not self._does_somebody_wait():
            self._taken.clear()
            await self._taken.wait()

    def _does_somebody_wait(self) -> bool:
        return any(not each.is_busy and not each.is_over for each in self._followers)


def _batch(lines: list[Line]) -> Batch:
    return Batch(lines, sum(len(line.text) + _LINE_OVERHEAD_BYTES for line in lines))
