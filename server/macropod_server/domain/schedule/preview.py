"""The next due moments of a plan as a person wants to see them before trusting it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import islice
from zoneinfo import ZoneInfo

from macropod_server.domain.schedule.plan import Plan, next_due
from macropod_server.domain.schedule.zones import zone


class ClockChange(StrEnum):
    """What the clocks of the zone do on a day."""

    FORWARD = "forward"
    BACK = "back"


@dataclass(frozen=True)
class Upcoming:
    """A due moment, in UTC and on the clocks of the plan's zone; `clock_change` marks the days of a change."""

    due_at: datetime
    local_at: datetime
    clock_change: ClockChange | None


def preview(plan: Plan, *, after: datetime, count: int) -> list[Upcoming]:
    """Fewer than `count` when the plan ends before."""
    place = zone(plan.timezone)
    return [_upcoming(due_at, place) for due_at in islice(_dues(plan, after), count)]


def _dues(plan: Plan, after: datetime) -> Iterator[datetime]:
    due_at = next_due(plan, after)
    while due_at is not None:
        yield due_at
        due_at = next_due(plan, due_at)


def _upcoming(due_at: datetime, place: ZoneInfo) -> Upcoming:
    local_at = due_at.astimezone(place)
    return Upcoming(due_at, local_at, _clock_change(local_at, place))


def _clock_change(local_at: datetime, place: ZoneInfo) -> ClockChange | None:
    midnight = datetime(local_at.year, local_at.month, local_at.day, tzinfo=place)
    hours = (midnight + timedelta(days=1)).astimezone(UTC) - midnight.astimezone(UTC)
    if hours == timedelta(days=1):
        return None
    return ClockChange.FORWARD if hours < timedelta(days=1) else ClockChange.BACK
