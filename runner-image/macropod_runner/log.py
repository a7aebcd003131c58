"""Where everything a run prints goes: to the server and to the runner's own output."""

import time

from macropod_runner.echo import Echo
from macropod_runner.outbox import Outbox
from macropod_runner.segments import SYSTEM, Segment


class Log:
    def __init__(self, outbox: Outbox, echo: Echo) -> None:
        self._outbox = outbox
        self._echo = echo

    def add(self, stream: bytes, lines: bytes) -> None:
        """Whole lines of UTF-8, printed just now."""
        self._outbox.add(Segment(time.time_ns() // 1000, stream, lines.count(b"\n"), lines))
        self._echo.add(lines)

    def say(self, sentence: str) -> None:
        """A line of the runner's own."""
        self.add(SYSTEM, sentence.replace("\n", " ").encode(errors="replace") + b"\n")
