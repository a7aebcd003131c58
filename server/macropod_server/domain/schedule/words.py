"""A schedule in words. Correct before pretty: what has no short wording is read out field by field."""

from macropod_server.domain.schedule.fields import DAY_OF_MONTH, DAY_OF_WEEK, HOUR, MONTH
from macropod_server.domain.schedule.parse import Schedule

_MOST_TIMES = 6
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")


def in_words(schedule: Schedule) -> str:
    """Such as "at 02:00 every day", "every 15 minutes" or "at 09:00 from Monday to Friday"."""
    times, repeats = _times(schedule)
    days = _days(schedule)
    if days == "every day" and repeats:
        days = ""
    return " ".join(part for part in (times, days, _months(schedule)) if part)


def _times(schedule: Schedule) -> tuple[str, bool]:
    """The times of a day, and whether they fill the whole day."""
    minutes, hours = schedule.minutes, schedule.hours
    if hours == HOUR.everything:
        return _every_hour(minutes), True
    if len(minutes) * len(hours) <= _MOST_TIMES:
        return "at " + listed([f"{hour:02}:{minute:02}" for hour in hours for minute in minutes]), False
    if minutes == (0,) and (step := _step(hours, 24)):
        return f"every {step} hours", True
    if (step := _step(minutes, 60)) and _is_run(hours):
        return f"{_every(step, 'minute')} from {hours[0]:02}:00 to {hours[-1]:02}:59", False
    return f"at {_counted('minute', minutes)} of {_counted('hour', hours)}", False


def _every_hour(minutes: tuple[int, ...]) -> str:
    if minutes == (0,):
        return "every hour"
    step = _step(minutes, 60)
    return _every(step, "minute") if step else f"at {_counted('minute', minutes)} of every hour"


def _days(schedule: Schedule) -> str:
    every_month_day = schedule.days_of_month == DAY_OF_MONTH.everything
    every_weekday = schedule.days_of_week == DAY_OF_WEEK.everything
    month_days = f"on {_counted('day', schedule.days_of_month)} of the month"
    unrestricted = (every_month_day, every_weekday)
    if all(unrestricted) or (schedule.either_day and any(unrestricted)):
        return "every day"
    if every_month_day:
        return _weekdays(schedule.days_of_week)
    if every_weekday:
        return month_days
    if schedule.either_day:
        return f"{month_days} and {_weekdays(schedule.days_of_week)}"
    return f"{month_days} if that is a {listed(_named(_WEEKDAYS, schedule.days_of_week), 'or')}"


def _weekdays(days: tuple[int, ...]) -> str:
    if _is_run(days) and len(days) > 2:
        return f"from {_WEEKDAYS[days[0]]} to {_WEEKDAYS[days[-1]]}"
    return "on " + listed([f"{name}s" for name in _named(_WEEKDAYS, days)])


def _months(schedule: Schedule) -> str:
    if schedule.months == MONTH.everything:
        return ""
    names = _named(_MONTHS, [month - 1 for month in schedule.months])
    if _is_run(schedule.months) and len(names) > 2:
        return f"from {names[0]} to {names[-1]}"
    return "in " + listed(names)


def _every(step: int, unit: str) -> str:
    return f"every {unit}" if step == 1 else f"every {step} {unit}s"


def _counted(unit: str, values: tuple[int, ...]) -> str:
    if _is_run(values) and len(values) > 2:
        return f"{unit}s {values[0]} to {values[-1]}"
    return f"{unit if len(values) == 1 else unit + 's'} {listed([str(value) for value in values])}"


def _step(values: tuple[int, ...], whole: int) -> int | None:
    """The even distance between values that go all around, from 0 on."""
    step = whole // len(values)
    return step if values == tuple(range(0, whole, step)) and whole % step == 0 else None


def _is_run(values: tuple[int, ...]) -> bool:
    return values == tuple(range(values[0], values[-1] + 1))


def _named(names: tuple[str, ...], values: list[int] | tuple[int, ...]) -> list[str]:
    return [names[value] for value in values]


def listed(words: list[str], last: str = "and") -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"
