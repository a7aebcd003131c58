"""Reads the two pipes of a program as long as anybody holds them, and never lets them fill."""

import os
import selectors
import time
from collections.abc import Callable
from typing import IO

from macropod_runner.line_cutter import LineCutter

Keep = Callable[[bytes, bytes], None]

_READ_BYTES = 256 * 1024
_MUCH_BYTES = 64 * 1024
_READS_AT_ONCE = 64
_PAUSE_SECONDS = 0.005


class Pace:
    """A few reads follow each other at once; after that they pause, so that a million small writes are few reads."""

    def __init__(self) -> None:
        self._left = float(_READS_AT_ONCE)
        self._seen_at = time.monotonic()

    def wait(self, *, read_bytes: int) -> None:
        now = time.monotonic()
        refilled = (now - self._seen_at) / _PAUSE_SECONDS
        self._left = min(_READS_AT_ONCE, self._left + refilled) - 1
        self._seen_at = now
        if self._left < 0 and read_bytes < _MUCH_BYTES:
            time.sleep(_PAUSE_SECONDS)


class Output:
    """Several streams by the mark their lines get; whole lines go to `keep` with that mark."""

    def __init__(self, streams: dict[bytes, IO[bytes]], *, keep: Keep, wakeups: int) -> None:
        self._keep = keep
        self._streams = streams
        self._cutters = {mark: LineCutter() for mark in streams}
        self._pace = Pace()
        self._selector = selectors.DefaultSelector()
        self._selector.register(wakeups, selectors.EVENT_READ)
        for mark, stream in streams.items():
            os.set_blocking(stream.fileno(), False)
            self._selector.register(stream, selectors.EVENT_READ, mark)

    def read(self, timeout: float | None) -> bool:
        """Wait for output or a wake-up, and pass on what is there. Whether anything was printed."""
        size = 0
        for key, _ in self._selector.select(timeout):
            if key.data is not None:
                size += self._read(key.data)
        if size:
            self._pace.wait(read_bytes=size)
        return size > 0

    def finish(self) -> None:
        """Pass on what is in the pipes now and close them, whoever else may hold them still."""
        for mark in list(self._streams):
            left = 2 * _READ_BYTES
            while mark in self._streams and left > 0 and (size := self._read(mark)):
                left -= size
            self._close(mark)
        self._selector.close()

    def _read(self, mark: bytes) -> int:
        try:
            block = os.read(self._streams[mark].fileno(), _READ_BYTES)
        except BlockingIOError:
            return 0
        if not block:
            self._close(mark)
        elif lines := self._cutters[mark].feed(block):
            self._keep(mark, lines)
        return len(block)

    def _close(self, mark: bytes) -> None:
        stream = self._streams.pop(mark, None)
        if stream is not None:
            self._selector.unregister(stream)
            stream.close()
            if lines := self._cutters[mark].finish():
                self._keep(mark, lines)
