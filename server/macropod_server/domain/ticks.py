"""What becomes of due moments that have passed: which of them still run, and why the others do not.

Whether a run that is wanted may be made beside others is decided in `overlap`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from macropod_server.domain.schedule import Plan, next_due
from macropod_server.domain.task import Missed, TickOutcome
from macropod_server.domain.texts import span_in_words

ON_TIME = timedelta(seconds=60)
"""A tick that is found no later than this was not missed."""


@dataclass(frozen=True)
class MissedPolicy:
    """`window` counts for `latest` only, `cap` for `all` only."""

    missed: Missed
    window: timedelta
    cap: int

    @property
    def reach(self) -> int:
        """Of how many later moments it has to know to decide about one."""
        return {Missed.LATEST: 1, Missed.ALL: self.cap, Missed.NONE: 0}[self.missed]


@dataclass(frozen=True)
class Verdict:
    """`started`: a run is wanted. Anything else comes with a sentence."""

    due_at: datetime
    outcome: TickOutcome
    reason: str | None = None

    @property
    def is_wanted(self) -> bool:
        return self.outcome is TickOutcome.STARTED


@dataclass(frozen=True)
class Passed:
    """Due moments in order, how many more have passed after them (no more than was asked), and the first left over."""

    moments: tuple[datetime, ...]
    later: int
    following: datetime | None


def passed(plan: Plan, first: datetime, *, now: datetime, limit: int, reach: int) -> Passed:
    """The moments from `first`, itself one, up to now: at most `limit`. Looks `reach` moments farther than that."""
    moments, following = _moments(plan, first, now=now, limit=limit)
    if following is None or following > now or not reach:
        return Passed(moments, 0, following)
    later, _ = _moments(plan, following, now=now, limit=reach)
    return Passed(moments, len(later), following)


def _moments(
    plan: Plan, first: datetime | None, *, now: datetime, limit: int
) -> tuple[tuple[datetime, ...], datetime | None]:
    found: list[datetime] = []
    while first is not None and first <= now and len(found) < limit:
        found.append(first)
        first = next_due(plan, first)
    return tuple(found), first


def judge(moments: Sequence[datetime], policy: MissedPolicy, *, now: datetime, later: int = 0) -> list[Verdict]:
    """A verdict for each of the moments that have passed; `later` more have passed after them."""
    count = len(moments) + later
    return [_verdict(due_at, policy, count - 1 - place, now=now) for place, due_at in enumerate(moments)]


def _verdict(due_at: datetime, policy: MissedPolicy, later: int, *, now: datetime) -> Verdict:
    late = now - due_at
    if policy.missed is Missed.NONE and late > ON_TIME:
        reason = f"The tick was found {span_in_words(late)} late, and missed ticks of this task do not run."
    elif policy.missed is Missed.LATEST and later:
        reason = "The server was away; only the latest missed tick runs."
    elif policy.missed is Missed.LATEST and late > policy.window:
        window = span_in_words(policy.window)
        reason = f"The tick was found {span_in_words(late)} late; a missed tick of this task runs within {window}."
    elif policy.missed is Missed.ALL and later >= policy.cap:
        reason = f"More ticks were missed than are made up; only the latest {policy.cap} run."
    else:
        return Verdict(due_at, TickOutcome.STARTED)
    return Verdict(due_at, TickOutcome.MISSED, reason)


@dataclass(frozen=True)
class Pause:
    """`what` is paused: a task or a workspace."""

    what: str
    by: str | None
    reason: str | None

    @property
    def sentence(self) -> str:
        told = f"The {self.what} was paused by {self.by or 'somebody'}"
        return f"{told}: {self.reason}" if self.reason else f"{told}."


def withhold(moments: Sequence[datetime], pause: Pause) -> list[Verdict]:
    """While something is paused its ticks pass; whether they run after all is asked when it is resumed."""
    return [Verdict(due_at, TickOutcome.PAUSED, pause.sentence) for due_at in moments]


def forgo(moments: Sequence[datetime]) -> list[Verdict]:
    """Ticks that passed unseen before their task was killed."""
    reason = "The task was killed before this tick was found."
    return [Verdict(due_at, TickOutcome.MISSED, reason) for due_at in moments]
