"""When a schedule is due. The calendar is croniter's, on clock times; changes of the clock are handled here.

As in crontab(8): a job at fixed clock times runs exactly once on the day of a change: at the first of two
equal clock times and, where its clock time is skipped, at the first moment after the gap. A job with an open
minute or hour follows elapsed time: it is due whenever the clock really shows one of its times.
"""

from bisect import bisect_left
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from croniter import croniter

from macropod_server.domain.schedule.fields import FIELDS, Field
from macropod_server.domain.schedule.parse import Schedule
from macropod_server.domain.schedule.zones import zone

_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)
_NextOnCalendar = Callable[[datetime], datetime]


def next_moment(schedule: Schedule, after: datetime) -> datetime:
    """The first moment of one schedule strictly after `after`, in UTC."""
    whole_second = after.astimezone(UTC).replace(microsecond=0)
    find = _by_elapsed_time if schedule.follows_elapsed_time else _at_local_time
    return find(_calendar(schedule), zone(schedule.timezone), whole_second)


def may_be_due_on(schedule: Schedule, day: date) -> bool:
    """Whether the day fields allow this day of the zone, or the one before it whose end its clocks skipped."""
    if _allows(schedule, day):
        return True
    before = day - _DAY
    return _allows(schedule, before) and not _has_an_end(zone(schedule.timezone), before)


def _allows(schedule: Schedule, day: date) -> bool:
    if day.month not in schedule.months:
        return False
    in_month, in_week = day.day in schedule.days_of_month, day.isoweekday() % 7 in schedule.days_of_week
    return in_month or in_week if schedule.either_day else in_month and in_week


def _has_an_end(place: ZoneInfo, day: date) -> bool:
    end = datetime(day.year, day.month, day.day, 23, 59)
    return _clock(place, end.replace(tzinfo=place).astimezone(UTC)) == end


def _at_local_time(next_on_calendar: _NextOnCalendar, place: ZoneInfo, after: datetime) -> datetime:
    clock, due = _clock(place, after), after
    while due <= after:
        clock = next_on_calendar(clock)
        due = _first_moment(place, clock)
    return due


def _by_elapsed_time(next_on_calendar: _NextOnCalendar, place: ZoneInfo, after: datetime) -> datetime:
    start, clock = after, _clock(place, after)
    while True:
        due = start + (next_on_calendar(clock) - _clock(place, start))
        change = _first_change(place, start, due)
        if change is None:
            return due
        start, clock = change, _clock(place, change) - _SECOND


def _clock(place: ZoneInfo, moment: datetime) -> datetime:
    return moment.astimezone(place).replace(tzinfo=None)


def _first_moment(place: ZoneInfo, clock: datetime) -> datetime:
    moment = clock.replace(tzinfo=place).astimezone(UTC)
    if _clock(place, moment) == clock:
        return moment
    before_gap = clock.replace(tzinfo=place, fold=1).astimezone(UTC)
    return _first_change(place, before_gap, moment) or moment


def _first_change(place: ZoneInfo, start: datetime, end: datetime) -> datetime | None:
    """The first moment after `start`, up to `end`, at which the clock is another distance from UTC."""
    offset = _offset(place, start)
    while start < end:
        probe = min(start + _DAY, end)
        if _offset(place, probe) != offset:
            seconds = range(1, int((probe - start).total_seconds()) + 1)
            found = bisect_left(seconds, True, key=lambda each: _offset(place, start + each * _SECOND) != offset)
            return start + seconds[found] * _SECOND
        start = probe
    return None


def _offset(place: ZoneInfo, moment: datetime) -> timedelta | None:
    return moment.astimezone(place).utcoffset()


def _calendar(schedule: Schedule) -> _NextOnCalendar:
    """The first matching clock time after a given one. Croniter misreads some ranges: it gets lists."""
    calendar = croniter(_plain_text(schedule), 0, datetime, day_or=schedule.either_day)

    def next_on_calendar(clock: datetime) -> datetime:
        found: datetime = calendar.get_next(datetime, start_time=clock)
        return found

    return next_on_calendar


def _plain_text(schedule: Schedule) -> str:
    minutes, hours, days_of_month, months, days_of_week = map(_plain_field, FIELDS, _values(schedule))
    if schedule.either_day and "*" in (days_of_month, days_of_week):
        days_of_month = days_of_week = "*"
    return f"{minutes} {hours} {days_of_month} {months} {days_of_week}"


def _plain_field(field: Field, values: tuple[int, ...]) -> str:
    return "*" if values == field.everything else ",".join(map(str, values))


def _values(schedule: Schedule) -> tuple[tuple[int, ...], ...]:
    return (schedule.minutes, schedule.hours, schedule.days_of_month, schedule.months, schedule.days_of_week)
