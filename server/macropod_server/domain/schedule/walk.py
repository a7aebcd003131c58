"""A second reading of when a task is due, minute by minute, for the audit and the tests.

It reads fields and clocks by itself: what it shares with the first reading is the zones' data and nothing else.
"""

from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256

from macropod_server.domain.schedule.zones import zone

_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)
_BEGINNING = datetime.min.replace(tzinfo=UTC)
_END = datetime.max.replace(tzinfo=UTC)
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_NAMES = {name: number for number, name in enumerate(["sun", "mon", "tue", "wed", "thu", "fri", "sat"])}
_NAMES |= {name: number for number, name in enumerate(_MONTHS, 1)}
_MACROS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}


@dataclass(frozen=True)
class Calendar:
    """What the row of a task says about when it is due."""

    schedule: str | None = None
    every_seconds: int | None = None
    timezone: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    excluded_dates: Set[str] = frozenset()
    jitter_seconds: int = 0
    created_at: datetime = _BEGINNING
    task_id: str = ""


def walk(calendar: Calendar, start: datetime, end: datetime) -> list[datetime]:
    """Every due instant after `start` and up to `end`, each once, in order."""
    shift = _shift(calendar)
    first, last = start - shift, end - shift
    found = set(_interval(calendar, first, last)) if calendar.every_seconds else _crons(calendar, first, last)
    opens, closes = calendar.starts_at or _BEGINNING, calendar.ends_at or _END
    return [
        instant + shift
        for instant in sorted(found)
        if first < instant <= last and opens <= instant <= closes and not _is_excluded(calendar, instant)
    ]


def _shift(calendar: Calendar) -> timedelta:
    digest = sha256(calendar.task_id.encode()).hexdigest()
    return timedelta(seconds=int(digest, 16) % (calendar.jitter_seconds + 1))


def _is_excluded(calendar: Calendar, instant: datetime) -> bool:
    if not calendar.excluded_dates:
        return False
    return instant.astimezone(zone(calendar.timezone or "UTC")).strftime("%Y-%m-%d") in calendar.excluded_dates


def _interval(calendar: Calendar, start: datetime, end: datetime) -> Iterator[datetime]:
    every = timedelta(seconds=calendar.every_seconds or 0)
    instant = calendar.starts_at or calendar.created_at.replace(microsecond=0) + every
    instant += max(0, (start - instant) // every) * every
    while instant <= end:
        yield instant
        instant += every


def _crons(calendar: Calendar, start: datetime, end: datetime) -> set[datetime]:
    crons, place = [_read(text) for text in (calendar.schedule or "").split(";")], calendar.timezone or "UTC"
    midnight = start.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    found = set[datetime]()
    while midnight <= end:
        day = _day(place, midnight)
        found.update(midnight + index * _MINUTE for cron in crons for index in _due_minutes(cron, day))
        midnight += _DAY
    return found


@dataclass(frozen=True)
class _Cron:
    minutes: Set[int]
    hours: Set[int]
    month_days: Set[int]
    months: Set[int]
    week_days: Set[int]
    is_open: bool
    both_days: bool

    def matches(self, clock: datetime) -> bool:
        if clock.minute not in self.minutes or clock.hour not in self.hours or clock.month not in self.months:
            return False
        by_month_day, by_week_day = clock.day in self.month_days, clock.isoweekday() % 7 in self.week_days
        return (by_month_day and by_week_day) if self.both_days else (by_month_day or by_week_day)


@lru_cache(maxsize=4096)
def _read(text: str) -> _Cron:
    written = text.strip().lower()
    minute, hour, month_day, month, week_day = _MACROS.get(written, written).split()
    hours, minutes = _values(hour, 0, 23), _values(minute, 0, 59)
    return _Cron(
        minutes=minutes,
        hours=hours,
        month_days=_values(month_day, 1, 31),
        months=_values(month, 1, 12),
        week_days={value % 7 for value in _values(week_day, 0, 6)},
        is_open=minute[0] in "*?" or hour[0] in "*?" or len(hours) == 24 or len(minutes) == 60,
        both_days=month_day[0] in "*?" or week_day[0] in "*?",
    )


def _values(text: str, low: int, high: int) -> set[int]:
    found: set[int] = set()
    for member in text.split(","):
        span, _, step = member.partition("/")
        if span in "*?":
            first, last = low, high
        elif "-" in span:
            first, last = (_number(end) for end in span.split("-"))
        else:
            first = _number(span)
            last = high if step else first
        found.update(value for value in range(first, last + 1) if (value - first) % int(step or 1) == 0)
    return found


def _number(text: str) -> int:
    return _NAMES[text] if text in _NAMES else int(text)


@dataclass
class _Day:
    """What the clock shows in each minute of a day of UTC, what it jumped over to get there, and what it repeats."""

    shown: list[datetime] = field(default_factory=list)
    skipped: dict[int, list[datetime]] = field(default_factory=dict)
    repeated: set[int] = field(default_factory=set)


def _due_minutes(cron: _Cron, day: _Day) -> set[int]:
    due = {index for index, clock in enumerate(day.shown) if cron.matches(clock)}
    if cron.is_open:
        return due
    caught_up = {index for index, clocks in day.skipped.items() if any(cron.matches(clock) for clock in clocks)}
    return due - day.repeated | caught_up


@lru_cache(maxsize=500)
def _day(timezone: str, midnight: datetime) -> _Day:
    place, day = zone(timezone), _Day()
    clocks = [(midnight + each * _MINUTE).astimezone(place).replace(tzinfo=None) for each in range(-1440, 1440)]
    latest = previous = clocks[0]
    for index, clock in enumerate(clocks[1:], -1439):
        if index >= 0:
            day.shown.append(clock)
            if clock - previous > _MINUTE:
                day.skipped[index] = [previous + each * _MINUTE for each in range(1, (clock - previous) // _MINUTE)]
            if clock <= latest:
                day.repeated.add(index)
        latest, previous = max(latest, clock), clock
    return day
