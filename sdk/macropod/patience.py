"""Waiting: the clock, the pauses between attempts, and polling until something is so."""

import math
import random
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from datetime import timedelta
from typing import TypeVar

from macropod.errors import ConnectionFailed, MacropodError, Unavailable, WaitTimeout

T = TypeVar("T")

AWAY = (ConnectionFailed, Unavailable)
LONGEST_ABSENCE_SECONDS = 300

_over_at: ContextVar[float] = ContextVar("over_at", default=math.inf)
"""When whoever waits further up gives up, by the clock; no single call is tried again for longer than that."""


class Clock:
    """Time as the client feels it. Tests hand in one that does not really wait."""

    def now(self) -> float:
        """Seconds since some moment; never goes back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def give_up_at(clock: Clock, *, patience_seconds: float) -> float:
    """Until when a call that begins now may be tried again."""
    return min(clock.now() + patience_seconds, _over_at.get())


def backoff(first: float, *, most: float) -> Iterator[float]:
    """Seconds to pause before each new attempt: doubling, and uneven, so that many clients spread out."""
    pause = first
    while True:
        yield pause * random.uniform(0.75, 1)
        pause = min(most, pause * 2)


def wait_until(
    answer: Callable[[], T | None],
    clock: Clock,
    *,
    timeout: float | timedelta | None,
    what: str,
    state: Callable[[], str] = lambda: "It goes on",
) -> T:
    """Ask again and again until the answer is not None, also while the server is away.

    Raises `WaitTimeout`, beginning with `what` and saying how things stand; without `timeout`, the error of a
    server that stays away for `LONGEST_ABSENCE_SECONDS`.
    """
    seconds = timeout.total_seconds() if isinstance(timeout, timedelta) else timeout
    begin = last_heard = clock.now()
    over_at = math.inf if seconds is None else begin + seconds
    pause = 0.05
    while True:
        away = None
        try:
            if (found := _within(over_at, answer)) is not None:
                return found
            last_heard = clock.now()
        except AWAY as error:
            if seconds is None and clock.now() - last_heard > LONGEST_ABSENCE_SECONDS:
                raise
            away = error
        left = over_at - clock.now()
        if seconds is not None and left <= 0:
            raise _too_late(what, seconds, away, state()) from away
        clock.sleep(min(pause, left))
        pause = min(1.0, pause * 1.3)


def _within(over_at: float, answer: Callable[[], T | None]) -> T | None:
    before = _over_at.set(min(over_at, _over_at.get()))
    try:
        return answer()
    finally:
        _over_at.reset(before)


def _too_late(what: str, seconds: float, away: MacropodError | None, state: str) -> WaitTimeout:
    rest = f"At last the server was away: {away.message}" if away else f"{state}; wait again, or longer."
    return WaitTimeout(f"{what} within {seconds:g} seconds. {rest}")
