"""How often somebody may try to come in, and how many passwords are looked at at once, as each server counts it."""

import os
import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from hashlib import blake2b

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from macropod_server.domain.errors import TooMany

_SLOTS = 2**15
"""So much is remembered of each kind and no more. Which strangers share a slot nobody can tell from outside."""
_LANES = 4
"""Threads that Argon2 takes for one password."""
_WAITING = 32


class Kind(Enum):
    """What is counted."""

    WRONG_FOR_ACCOUNT_HERE = auto()
    WRONG_FOR_ACCOUNT = auto()
    WRONG_HERE = auto()
    BEGUN_HERE = auto()
    CODES_OF_USER = auto()


LIMITS: Mapping[Kind, str] = {
    Kind.WRONG_FOR_ACCOUNT_HERE: "10 per 5 minutes",
    Kind.WRONG_FOR_ACCOUNT: "60 per minute",
    Kind.WRONG_HERE: "60 per minute",
    Kind.BEGUN_HERE: "60 per minute",
    Kind.CODES_OF_USER: "20 per minute",
}


@dataclass(frozen=True)
class Tries:
    """Those of one kind by one person or from one place."""

    kind: Kind
    key: str = field(repr=False)


class Throttle:
    """`limits` as in `LIMITS`; `at_once` is how many passwords are looked at side by side; others wait a while."""

    def __init__(
        self, limits: Mapping[Kind, str] = LIMITS, *, at_once: int | None = None, wait_seconds: float = 5
    ) -> None:
        self._limits: dict[Kind, RateLimitItem] = {kind: parse(text) for kind, text in limits.items()}
        self._windows = FixedWindowRateLimiter(MemoryStorage())
        self._salt = secrets.token_bytes(16)
        self._turns = _Turns(at_once or max(1, (os.cpu_count() or 1) // _LANES), wait_seconds)

    def check(self, *tries: Tries) -> None:
        """Raises `TooMany` where one of them has been tried too often."""
        for each in tries:
            if not self._windows.test(*self._place(each)):
                raise self._refusal(each)

    def note(self, *tries: Tries) -> None:
        for each in tries:
            self._windows.hit(*self._place(each))

    def take(self, tries: Tries) -> None:
        """Count one more. Raises `TooMany` where that is one too many."""
        if not self._windows.hit(*self._place(tries)):
            raise self._refusal(tries)

    def forgive(self, tries: Tries) -> None:
        self._windows.clear(*self._place(tries))

    @contextmanager
    def password_turn(self) -> Iterator[None]:
        """Wait until a password may be looked at. Raises `TooMany` where too many wait already."""
        with self._turns.turn():
            yield

    def _place(self, tries: Tries) -> tuple[RateLimitItem, str, str]:
        digest = blake2b(tries.key.encode(errors="replace"), key=self._salt, digest_size=4).digest()
        return self._limits[tries.kind], tries.kind.name, str(int.from_bytes(digest) % _SLOTS)

    def _refusal(self, tries: Tries) -> TooMany:
        """Its wait is that of a whole window: what is left of it depends on others."""
        seconds = self._limits[tries.kind].get_expiry()
        return TooMany(f"That was tried too often. Try again in {_span(seconds)}.", retry_after_seconds=seconds)


class _Turns:
    def __init__(self, at_once: int, wait_seconds: float) -> None:
        self._wait_seconds = wait_seconds
        self._working = threading.BoundedSemaphore(at_once)
        self._room = threading.BoundedSemaphore(at_once + _WAITING)

    @contextmanager
    def turn(self) -> Iterator[None]:
        if not self._room.acquire(blocking=False):
            raise _crowded()
        try:
            if not self._working.acquire(timeout=self._wait_seconds):
                raise _crowded()
            try:
                yield
            finally:
                self._working.release()
        finally:
            self._room.release()


def _crowded() -> TooMany:
    return TooMany("Too many people sign in at this moment. Try again in some seconds.", retry_after_seconds=5)


def _span(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    if rest:
        return f"{seconds} s"
    return "a minute" if minutes == 1 else f"{minutes} minutes"
