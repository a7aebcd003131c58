"""When a scheduled task is due: several schedules or an interval, between a start and an end, without some days.

Start, end and excluded days speak of the calendar; a task's own `offset` comes on top of every moment of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

from macropod_server.domain.errors import Invalid
from macropod_server.domain.schedule.due import may_be_due_on, next_moment
from macropod_server.domain.schedule.parse import Schedule
from macropod_server.domain.schedule.zones import zone

EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
"""Between these any instant may be asked about."""

_INSTANT = timedelta(microseconds=1)
_DAY = timedelta(days=1)
_HORIZON = 100 * 366 * _DAY
"""A schedule all of whose days are excluded for longer than this is never due again."""


@dataclass(frozen=True)
class Plan:
    """Read by `read_plan`. Either `crons`, or `every` counted from `anchor`, which itself counts if it is the start.

    `offset` is this task's share of `jitter_seconds`.
    """

    crons: tuple[Schedule, ...] = ()
    every: timedelta | None = None
    anchor: datetime = EARLIEST
    timezone: str = "UTC"
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    excluded_dates: frozenset[date] = frozenset()
    jitter_seconds: int = 0
    offset: timedelta = timedelta(0)

    @property
    def text(self) -> str | None:
        """Its schedules as one text; None for an interval."""
        return "; ".join(cron.text for cron in self.crons) or None


def next_due(plan: Plan, after: datetime) -> datetime | None:
    """The first due moment strictly after `after`, in UTC; None: never again."""
    after = max(after.astimezone(UTC), EARLIEST) - plan.offset
    if plan.starts_at is not None:
        after = max(after, plan.starts_at - _INSTANT)
    if after >= LATEST:
        return None
    found = _next_of_interval(plan, plan.every, after) if plan.every else _next_of_crons(plan, after)
    is_over = found is None or (plan.ends_at is not None and found > plan.ends_at)
    return None if found is None or is_over else found + plan.offset


def first_due(plan: Plan, after: datetime) -> datetime:
    """As `next_due`, for a plan that is to have something before it. Raises `Invalid` when nothing is."""
    found = next_due(plan, after)
    if found is not None:
        return found
    endless = next_due(replace(plan, ends_at=None), after)
    if endless is None or plan.ends_at is None:
        raise Invalid.field(
            "excluded_dates", "The schedule can never be due: all of its days are excluded.", code="never_due"
        )
    message = (
        f"The schedule can never be due: it ends at {plan.ends_at.isoformat()}, and its first moment would be"
        f" {endless.isoformat()}. Let it end later."
    )
    raise Invalid.field("ends_at", message, code="never_due")


def _next_of_interval(plan: Plan, every: timedelta, after: datetime) -> datetime | None:
    place, first = zone(plan.timezone), 0 if plan.starts_at else 1
    while after < LATEST:
        found = plan.anchor + max((after - plan.anchor) // every + 1, first) * every
        day = found.astimezone(place).date()
        if day not in plan.excluded_dates:
            return found
        free = next(each for each in _days_after(day) if each not in plan.excluded_dates)
        after = max(found, _just_before(place, free))
    return None


def _next_of_crons(plan: Plan, after: datetime) -> datetime | None:
    place = zone(plan.timezone)
    while True:
        found = min(next_moment(cron, after) for cron in plan.crons)
        day = found.astimezone(place).date()
        if day not in plan.excluded_dates:
            return found
        free = _free_day(plan, day)
        if free is None:
            return None
        after = max(found, _just_before(place, free))


def _free_day(plan: Plan, day: date) -> date | None:
    """The first day after this one that is not excluded and on which a schedule may be due."""
    by_days = {cron.days: cron for cron in plan.crons}.values()
    days = takewhile(lambda each: each <= day + _HORIZON, _days_after(day))
    free = (each for each in days if each not in plan.excluded_dates)
    return next((each for each in free if any(may_be_due_on(cron, each) for cron in by_days)), None)


def _days_after(day: date) -> Iterator[date]:
    while True:
        day += _DAY
        yield day


def _just_before(place: ZoneInfo, day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=place).astimezone(UTC) - _INSTANT
