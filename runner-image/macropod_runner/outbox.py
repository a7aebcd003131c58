"""Lines on their way to the server: numbered, in order, in memory and beyond that on disk."""

import threading
import time
from collections import deque
from typing import NamedTuple

from macropod_runner.segments import SYSTEM, Segment
from macropod_runner.spool import LotLost, Spool

MEMORY_BYTES = 4 * 1024**2
BATCH_BYTES = 1024**2
_SEGMENT_OVERHEAD = 64


class Batch(NamedTuple):
    first: int
    data: bytes


class Outbox:
    """Filled by one thread, emptied by another. Order of age: `_leaving`, the spool, `_coming`.

    When all three are full the oldest lines are kept; newer ones are counted and a line says so in their place.
    """

    def __init__(self, spool: Spool, *, first: int, memory_bytes: int = MEMORY_BYTES) -> None:
        self._spool = spool
        self._memory_bytes = memory_bytes
        self._first = first
        self._leaving: deque[Segment] = deque()
        self._coming: list[Segment] = []
        self._leaving_bytes = self._coming_bytes = 0
        self._missing_lines = self._missing_bytes = 0
        self._closed = False
        self._changed = threading.Condition()

    @property
    def delivered(self) -> int:
        """How many lines of the run the server has."""
        return self._first - 1

    def add(self, segment: Segment) -> None:
        with self._changed:
            if not self._has_room(_size(segment)):
                self._missing_lines += segment.line_count
                self._missing_bytes += len(segment.body)
                return
            had_none = self._is_empty()
            self._mark_gap()
            self._append(segment)
            # Who waits for more lines is not woken by each of them.
            if had_none or self._is_plenty():
                self._changed.notify()

    def close(self) -> None:
        """No more lines will come."""
        with self._changed:
            self._mark_gap()
            self._closed = True
            self._changed.notify()

    def next_batch(self, *, not_before: float) -> Batch | None:
        """Wait for lines, and until that (monotonic) time for more of them; None when all lines are delivered."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or not self._is_empty())
            self._changed.wait_for(
                lambda: self._closed or self._is_plenty(), timeout=max(0.0, not_before - time.monotonic())
            )
            if self._is_empty():
                return None
            if not self._leaving:
                self._refill()
            return Batch(self._first, self._data())

    def acknowledge(self, expected: int) -> bool:
        """Go on from the number the server expects. False when that is no step forward."""
        with self._changed:
            count, self._first = expected - self._first, expected
            self._drop(count)
            return count > 0

    def _has_room(self, size: int) -> bool:
        fits = self._coming_bytes + size <= self._memory_bytes
        # Once lines are missing, room for one short line is no room: that would be a gap before every long one.
        if not self._coming or (fits and not self._missing_lines):
            return True
        if not self._spool.store(self._coming):
            return False
        self._coming, self._coming_bytes = [], 0
        return True

    def _append(self, segment: Segment) -> None:
        self._coming.append(segment)
        self._coming_bytes += _size(segment)

    def _mark_gap(self) -> None:
        if self._missing_lines:
            self._append(_gap(self._missing_lines, self._missing_bytes))
            self._missing_lines = self._missing_bytes = 0

    def _is_empty(self) -> bool:
        return not self._leaving and not self._coming and self._spool.is_empty()

    def _is_plenty(self) -> bool:
        return self._leaving_bytes + self._coming_bytes >= BATCH_BYTES or not self._spool.is_empty()

    def _drop(self, count: int) -> None:
        while count > 0 and self._leaving:
            segment = self._leaving.popleft()
            self._leaving_bytes -= _size(segment)
            if segment.line_count > count:
                rest = segment.without_first(count)
                self._leaving.appendleft(rest)
                self._leaving_bytes += _size(rest)
            count -= segment.line_count

    def _refill(self) -> None:
        self._leaving.extend(self._oldest())
        self._leaving_bytes = sum(_size(segment) for segment in self._leaving)

    def _oldest(self) -> list[Segment]:
        if not self._spool.is_empty():
            try:
                return self._spool.take()
            except LotLost as lost:
                return [_gap(lost.lot.line_count, lost.lot.size)]
        segments, self._coming, self._coming_bytes = self._coming, [], 0
        return segments

    def _data(self) -> bytes:
        pieces: list[bytes] = []
        size = 0
        for segment in self._leaving:
            if pieces and size + len(segment.body) > BATCH_BYTES:
                break
            pieces.append(segment.encoded())
            size += len(pieces[-1])
        return b"".join(pieces)


def _size(segment: Segment) -> int:
    return len(segment.body) + _SEGMENT_OVERHEAD


def _gap(lines: int, size: int) -> Segment:
    text = (
        f"{lines:,} lines ({size:,} bytes) are missing here: "
        "the server did not take them in time and there was no more room to keep them.\n"
    )
    return Segment(time.time_ns() // 1000, SYSTEM, 1, text.encode())
