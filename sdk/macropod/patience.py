"""Waiting: the clock, the pauses between attempts, and polling until something is so."""

import random
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TypeVar

from macropod.errors import WaitTimeout

T = TypeVar("T")


class Clock:
    """Time as the client feels it. Tests hand in one that does not really wait."""

    def now(self) -> float:
        """Seconds since some moment; never goes back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def backoff(first: float, *, most: float) -> Iterator[float]:
    """Seconds to pause before each new attempt: doubling, and uneven, so that many clients spread out."""
    pause = first
    while True:
        yield pause * random.uniform(0.75, 1)
        pause = min(most, pause * 2)


def wait_until(answer: Callable[[], T | None], clock: Clock, *, timeout: float | timedelta | None, what: str) -> T:
    """Ask again and again until the answer is not None. Raises `WaitTimeout`, beginning with `what`."""
    seconds = timeout.total_seconds() if isinstance(timeout, timedelta) else timeout
    deadline = None if seconds is None else clock.now() + seconds
    pause = 0.05
    while (found := answer()) is None:
        if deadline is not None:
            left = deadline - clock.now()
            if left <= 0:
                raise WaitTimeout(f"{what} within {seconds:g} seconds. It goes on; wait again, or longer.")
            pause = min(pause, left)
        clock.sleep(pause)
        pause = min(1.0, pause * 1.3)
    return found
