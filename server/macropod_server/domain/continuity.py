"""A task that runs continuously: how soon after its end it runs again, and whether it stays up."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import takewhile

from macropod_server.domain.run import RunStatus
from macropod_server.domain.task import TaskHealth

SETTLED = timedelta(minutes=10)
"""A task whose run has gone on for so long is healthy, whatever was before."""

LOOKED_BACK = 12
"""Of how many runs before it the next one depends: after so many short ones the pause does not grow any more."""

_NORMAL = timedelta(seconds=10)
_QUICK = timedelta(seconds=60)
_PAUSE = timedelta(seconds=1)
_LONGEST_AFTER_SUCCESS = timedelta(seconds=60)
_LONGEST_AFTER_FAILURE = timedelta(minutes=5)
_LOOP = 5


@dataclass(frozen=True)
class Life:
    """One run that has ended: how, and how long it had run."""

    status: RunStatus
    ran: timedelta

    @property
    def failed_quickly(self) -> bool:
        return self.status is not RunStatus.SUCCESS and self.ran < _QUICK

    @property
    def was_short(self) -> bool:
        return self.failed_quickly or (self.status is RunStatus.SUCCESS and self.ran < _NORMAL)


def pause_before_next(lives: Sequence[Life]) -> timedelta:
    """How long after the newest end the next run begins. `lives`: newest first."""
    counted = [*_unasked(lives)]
    short = sum(1 for _ in takewhile(lambda life: life.was_short, counted))
    if not short or lives[0].status is RunStatus.KILLED:
        return timedelta(0)
    longest = _LONGEST_AFTER_FAILURE if counted[0].failed_quickly else _LONGEST_AFTER_SUCCESS
    return min(_PAUSE * (1 << min(short - 1, 20)), longest)


def health_after(before: TaskHealth, lives: Sequence[Life]) -> TaskHealth:
    """`lives`: newest first."""
    if lives[0].ran >= SETTLED:
        return TaskHealth.HEALTHY
    failed = sum(1 for _ in takewhile(lambda life: life.failed_quickly, _unasked(lives)))
    return TaskHealth.CRASH_LOOP if failed >= _LOOP else before


def _unasked(lives: Sequence[Life]) -> Iterator[Life]:
    """A run that somebody stopped says nothing about the program."""
    return (life for life in lives if life.status is not RunStatus.KILLED)
