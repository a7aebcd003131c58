"""A second reading of schedules, minute by minute, that shares no code with the product."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

_MINUTE = timedelta(minutes=1)
_NAMES = {name: number for number, name in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAMES |= {name: number for number, name in enumerate(_MONTHS, 1)}


def due_minutes(text: str, timezone: str, start: datetime, end: datetime) -> list[datetime]:
    """Every due instant after `start` and before `end`."""
    minute, hour, month_day, month, week_day = text.lower().split()
    wildcard = minute[0] in "*?" or hour[0] in "*?" or _values(hour, 0, 23) == set(range(24))
    star_day = month_day[0] in "*?" or week_day[0] in "*?"
    minutes, hours = _values(minute, 0, 59), _values(hour, 0, 23)
    month_days, months = _values(month_day, 1, 31), _values(month, 1, 12)
    week_days = {value % 7 for value in _values(week_day, 0, 6)}

    def matches(clock: datetime) -> bool:
        if clock.minute not in minutes or clock.hour not in hours or clock.month not in months:
            return False
        by_month_day, by_week_day = clock.day in month_days, clock.isoweekday() % 7 in week_days
        return (by_month_day and by_week_day) if star_day else (by_month_day or by_week_day)

    return [
        instant
        for instant, shown, skipped, is_repeat in _minutes(timezone, start, end)
        if (matches(shown) and (wildcard or not is_repeat)) or (not wildcard and any(matches(each) for each in skipped))
    ]


@cache
def _minutes(timezone: str, start: datetime, end: datetime) -> list[tuple[datetime, datetime, list[datetime], bool]]:
    """Each instant, what the clock shows, what it jumped over to get there, and whether that is a repeat."""
    with files("tzdata").joinpath("zoneinfo", timezone).open("rb") as data:
        return list(_walk(ZoneInfo.from_file(data), start, end))


def _walk(zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime, list[datetime], bool]]:
    instant = start - timedelta(days=1)
    previous = latest = instant.astimezone(zone).replace(tzinfo=None)
    while (instant := instant + _MINUTE) < end:
        shown = instant.astimezone(zone).replace(tzinfo=None)
        skipped = [previous + each * _MINUTE for each in range(1, (shown - previous) // _MINUTE)]
        is_repeat = shown <= latest
        previous, latest = shown, max(latest, shown)
        if instant > start:
            yield instant.astimezone(UTC), shown, skipped, is_repeat


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
