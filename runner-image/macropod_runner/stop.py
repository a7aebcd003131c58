"""Why the program has to end before its time, told by any thread or signal to the loop that attends to it."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from macropod_runner.ending import Reason


class Interrupted(Exception):
    """The runner was told to stop while it ran no program."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class StopOrder:
    """The first reason given stands. `wakeups` becomes readable whenever the loop should look around."""

    def __init__(self) -> None:
        self.reason: Reason | None = None
        self._interrupts = False
        self.wakeups, self._bell = os.pipe()
        os.set_blocking(self.wakeups, False)
        os.set_blocking(self._bell, False)

    def give(self, reason: Reason) -> None:
        # No lock: a signal handler calls this, perhaps in the middle of another call.
        if self.reason is None:
            self.reason = reason
        with suppress(BlockingIOError):
            os.write(self._bell, b"!")

    def listen_to_signals(self) -> None:
        """SIGTERM and SIGINT order a stop, as whoever runs the machine wants it (PID 1 would not even notice
        them); the end of a child only rings."""
        signal.set_wakeup_fd(self._bell, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """For work of the runner's own that may take long: a stop raises `Interrupted`."""
        self._interrupts = True
        try:
            if self.reason is not None:
                raise Interrupted(self.reason)
            yield
        finally:
            self._interrupts = False

    def quiet(self) -> None:
        """Forget the rings so far."""
        with suppress(BlockingIOError):
            os.read(self.wakeups, 65536)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.give(Reason.EVICTED)
        if self._interrupts:
            self._interrupts = False
            raise Interrupted(self.reason or Reason.EVICTED)
