"""Wakes loops and requests that wait. Only a shortcut: every waiter also looks by itself."""

import asyncio
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_WAKE, _RING = "wake", "ring"


def lines_of(run_id: str) -> str:
    """The topic of what a run prints; what becomes of the run itself has its id for a topic."""
    return f"lines {run_id}"


def _never(_news: Any) -> bool:
    return False


class Bell:
    """Rung for one waiting request; belongs to the event loop it was made in.

    It does not ring for news that `take` makes use of, which is called in that loop.
    """

    def __init__(self, take: Callable[[Any], bool] = _never) -> None:
        self._take = take
        self._loop = asyncio.get_running_loop()
        self._rung = asyncio.Event()

    def ring(self, news: Any = None) -> None:
        self._loop.call_soon_threadsafe(self._hear, news)

    def _hear(self, news: Any) -> None:
        if news is None or not self._take(news):
            self._rung.set()

    async def wait(self, seconds: float) -> None:
        """Return at the next ring, or after so many seconds."""
        try:
            await asyncio.wait_for(self._rung.wait(), seconds)
        except TimeoutError:
            return
        self._rung.clear()


class Signals:
    """`relay` is handed every signal given here, for other servers: they `hear` it."""

    def __init__(self) -> None:
        self._loops: dict[str, threading.Event] = defaultdict(threading.Event)
        self._bells: dict[str, set[Bell]] = defaultdict(set)
        self._guard = threading.Lock()
        self.relay: Callable[[str], None] = lambda _signal: None
        self.is_stopping = False
        """The server is told to stop: it answers whoever asks, and should be sent nothing more."""
        self.is_closing = False
        """It closes its door: requests that wait for news give up and come again later."""

    def loop_event(self, loop: str) -> threading.Event:
        with self._guard:
            return self._loops[loop]

    def wake(self, *loops: str) -> None:
        for loop in loops:
            self.wake_here(loop)
            self.relay(f"{_WAKE} {loop}")

    def wake_here(self, *loops: str) -> None:
        for loop in loops:
            self.loop_event(loop).set()

    def ring(self, topic: str, news: Any = None) -> None:
        """Wake every request that listens to this topic: a run's id, its lines, `events`. News stay at this server."""
        self._ring_here(topic, news)
        self.relay(f"{_RING} {topic}")

    def hear(self, signal: str) -> None:
        """What another server relayed."""
        what, _, whom = signal.partition(" ")
        if what == _WAKE:
            self.wake_here(whom)
        elif what == _RING:
            self._ring_here(whom)

    def close(self) -> None:
        """May be called from a signal handler: takes no lock that another thread may hold."""
        self.is_stopping = self.is_closing = True
        for bells in list(self._bells.values()):
            for bell in list(bells):
                bell.ring()

    @contextmanager
    def bell(self, *topics: str, take: Callable[[Any], bool] = _never) -> Iterator[Bell]:
        """A bell that rings with these topics until the block ends. Call inside a running event loop."""
        bell = Bell(take)
        with self._guard:
            for topic in topics:
                self._bells[topic].add(bell)
        try:
            yield bell
        finally:
            with self._guard:
                for topic in topics:
                    self._bells[topic].discard(bell)
                    if not self._bells[topic]:
                        del self._bells[topic]

    def _ring_here(self, topic: str, news: Any = None) -> None:
        with self._guard:
            bells = list(self._bells.get(topic, ()))
        for bell in bells:
            bell.ring(news)
