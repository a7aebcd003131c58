"""Orders a stop when the time, the silence or the memory a run may use is used up."""

import time

from macropod_runner import memory
from macropod_runner.ending import Reason
from macropod_runner.process_tree import ProcessTree
from macropod_runner.spec import Spec
from macropod_runner.stop import StopOrder

_MEMORY_SECONDS = 0.1


class Watch:
    def __init__(self, spec: Spec, stop: StopOrder) -> None:
        self._spec = spec
        self._stop = stop
        self._time_is_up_at: float | None = None
        self._heard_at = 0.0
        self._memory_due_at = 0.0

    def begin(self) -> None:
        """Start counting, the time only at the first call."""
        self.hear()
        if self._time_is_up_at is None and self._spec.timeout_seconds is not None:
            self._time_is_up_at = self._heard_at + self._spec.timeout_seconds

    def hear(self) -> None:
        """Something was printed just now."""
        self._heard_at = time.monotonic()

    def seconds_to_next_look(self) -> float | None:
        due = [] if self._time_is_up_at is None else [self._time_is_up_at]
        if self._silence_is_up_at is not None:
            due.append(self._silence_is_up_at)
        if self._spec.memory_bytes is not None:
            due.append(self._memory_due_at)
        return max(0.0, min(due) - time.monotonic()) if due else None

    def look(self, tree: ProcessTree) -> None:
        self.look_at_the_clock()
        now = time.monotonic()
        if self._silence_is_up_at is not None and now >= self._silence_is_up_at:
            self._stop.give(Reason.SILENCE)
        if self._spec.memory_bytes is not None and now >= self._memory_due_at:
            self._memory_due_at = now + _MEMORY_SECONDS
            if memory.exceeds(self._spec.memory_bytes, tree.pids()):
                self._stop.give(Reason.OUT_OF_MEMORY)

    @property
    def _silence_is_up_at(self) -> float | None:
        limit = self._spec.silence_timeout_seconds
        return None if limit is None else self._heard_at + limit

    def look_at_the_clock(self) -> None:
        if self._time_is_up_at is not None and time.monotonic() >= self._time_is_up_at:
            self._stop.give(Reason.TIME_LIMIT)
