"""Whether a run of a task is made while earlier ones are not gone yet, and what becomes of those."""

from collections.abc import Sequence
from dataclasses import dataclass

from macropod_server.domain.run import Cause
from macropod_server.domain.task import Overlap, TickOutcome

_STANDS_FOR_NEXT = {Cause.SCHEDULE, Cause.ORDERED}
"""Only a run that waits for no moment of its own can stand for a further tick."""

_HAS_NO_SUBSTITUTE = {Cause.BACKFILL, Cause.RERUN}
"""Runs that somebody asked for because of a moment of the past; no newer one is what they wanted, nor its retry."""


@dataclass(frozen=True)
class Present:
    """A run of the task that has not ended, or whose container was not seen gone."""

    run_id: str
    cause: Cause
    is_queued: bool
    has_place: bool
    may_have_container: bool = True
    origin: Cause | None = None
    """Of a retry: why its first attempt was made."""

    @property
    def vanishes_when_stopped(self) -> bool:
        """Stopping it leaves nothing to be waited for."""
        return self.is_queued and not self.may_have_container


@dataclass(frozen=True)
class Admission:
    """`started`: the run is made. `other` is the run in the way or, for `merged`, the one that stands for it too."""

    outcome: TickOutcome
    other: str | None = None
    reason: str | None = None
    supersedes: tuple[Present, ...] = ()

    @property
    def is_granted(self) -> bool:
        return self.outcome is TickOutcome.STARTED


def admit(overlap: Overlap, present: Sequence[Present], *, queued: int, most_queued: int) -> Admission:
    """`present`: oldest first; with `allow` it is not looked at. `queued`: how many runs of the task wait."""
    if overlap is Overlap.SKIP and present:
        return _in_the_way(present)
    if overlap is Overlap.QUEUE_ONE and (waiting := _waiting(present)):
        reason = f"Run {waiting.run_id} was waiting already and stands for this tick too."
        return Admission(TickOutcome.MERGED, waiting.run_id, reason)
    superseded = _superseded(present) if overlap is Overlap.CANCEL_RUNNING else ()
    if queued - sum(each.is_queued for each in superseded) >= most_queued:
        reason = f"{queued} runs of this task are waiting already, and {most_queued} are the most that may."
        return Admission(TickOutcome.REFUSED, reason=reason)
    return Admission(TickOutcome.STARTED, supersedes=superseded)


def _in_the_way(present: Sequence[Present]) -> Admission:
    other = next((each for each in present if each.has_place), present[0])
    return Admission(TickOutcome.SKIPPED, other.run_id, f"Run {other.run_id} of this task was not over yet.")


def _waiting(present: Sequence[Present]) -> Present | None:
    waiting = (each for each in present if each.is_queued and not each.has_place)
    return next((each for each in waiting if each.cause in _STANDS_FOR_NEXT), None)


def _superseded(present: Sequence[Present]) -> tuple[Present, ...]:
    return tuple(each for each in present if (each.origin or each.cause) not in _HAS_NO_SUBSTITUTE)
