"""The thread that copies all output to the runner's own stdout, for whoever reads the container's log."""

import os
import threading
from collections import deque

_WAITING_MAX_BYTES = 4 * 1024**2
_LAST_SECONDS = 2.0


class Echo(threading.Thread):
    """Holds nobody up: when its reader is too slow the oldest output that still waits is left out."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(name="echo", daemon=True)
        self._descriptor = descriptor
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._closed = False
        self._changed = threading.Condition()

    def add(self, output: bytes) -> None:
        with self._changed:
            self._waiting.append(output)
            self._waiting_bytes += len(output)
            while self._waiting_bytes > _WAITING_MAX_BYTES:
                self._waiting_bytes -= len(self._waiting.popleft())
            self._changed.notify()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify()
        self.join(_LAST_SECONDS)

    def run(self) -> None:
        while output := self._next():
            try:
                while output:
                    output = output[os.write(self._descriptor, output) :]
            except OSError:
                return

    def _next(self) -> bytes:
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._waiting)
            output = b"".join(self._waiting)
            self._waiting.clear()
            self._waiting_bytes = 0
            return output
