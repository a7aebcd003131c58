"""How long the runner goes on trying to reach the server: for ever at first, then for a time, or no more."""

import threading
import time
from collections.abc import Iterator

_SHORTEST_SECONDS = 0.05
_LONGEST_SECONDS = 5.0


class GaveUp(Exception):
    """The server could not be reached as long as patience lasted."""


class Patience:
    """Shared by threads."""

    def __init__(self) -> None:
        self._ended = threading.Event()
        self._ends_at: float | None = None

    def limit(self, seconds: float) -> None:
        self._ends_at = time.monotonic() + seconds

    def end(self) -> None:
        self._ended.set()

    def attempts(self) -> Iterator[int]:
        """Numbers from 0 with a growing pause between them. Raises `GaveUp`."""
        number, pause = 0, _SHORTEST_SECONDS
        while True:
            yield number
            self.pause(pause)
            number, pause = number + 1, min(pause * 2, _LONGEST_SECONDS)

    def pause(self, seconds: float) -> None:
        if self._ended.wait(seconds) or (self._ends_at is not None and time.monotonic() > self._ends_at):
            raise GaveUp
