"""Reads the text of a schedule: five cron fields or a macro, in a time zone."""

import re
from collections.abc import Collection
from dataclasses import dataclass

from macropod_server.domain.errors import Invalid, Problem
from macropod_server.domain.schedule.fields import (
    DAY_OF_MONTH,
    FIELDS,
    HOUR,
    MINUTE,
    Field,
    is_unrestricted,
    read_field,
)
from macropod_server.domain.schedule.zones import zone

_LONGEST_TEXT = 1000
_LONGEST_MONTHS = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}
_MACROS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}


@dataclass(frozen=True)
class Schedule:
    """A schedule that was read: its text, its time zone, and the values each field allows, in order.

    With `either_day` a day may be in `days_of_month` or in `days_of_week`, otherwise it must be in both.
    `follows_elapsed_time` tells what a change of the clock does: see `due`.
    """

    text: str
    timezone: str
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days_of_month: tuple[int, ...]
    months: tuple[int, ...]
    days_of_week: tuple[int, ...]
    either_day: bool
    follows_elapsed_time: bool

    @property
    def days(self) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...], bool]:
        """All that says on which days it is due."""
        return self.months, self.days_of_month, self.days_of_week, self.either_day


def parse_schedule(text: str | Collection[str], *, timezone: str | None = None) -> Schedule:
    """Read a schedule; without a time zone it is in UTC. Raises `Invalid` with every field that is wrong."""
    text = _only_text(text)
    fields = _split(text)
    values, problems = _read_fields(fields)
    problems += _zone_problems("UTC" if timezone is None else timezone)
    if problems:
        raise Invalid(" ".join(problem.message for problem in problems), problems=problems)
    minutes, hours, days_of_month, months, days_of_week = values
    schedule = Schedule(
        text=text,
        timezone="UTC" if timezone is None else timezone,
        minutes=minutes,
        hours=hours,
        days_of_month=days_of_month,
        months=months,
        days_of_week=days_of_week,
        either_day=not is_unrestricted(fields[2]) and not is_unrestricted(fields[4]),
        follows_elapsed_time=_covers_all(MINUTE, fields[0], minutes) or _covers_all(HOUR, fields[1], hours),
    )
    _refuse_if_never_due(schedule)
    return schedule


def _only_text(text: str | Collection[str]) -> str:
    if isinstance(text, (set, frozenset, list, tuple)) and len(text) == 1:
        text = next(iter(text))
    if not isinstance(text, str):
        raise _refusal("not_a_text", "The schedule is not a text; write it like '0 2 * * *'.")
    if len(text) > _LONGEST_TEXT:
        raise _refusal("too_long", f"The schedule has {len(text)} characters; {_LONGEST_TEXT} are the most.")
    return text.strip()


def _split(text: str) -> list[str]:
    if "TZ=" in text.upper():
        raise _refusal("timezone_in_text", f"The schedule {text!r} names a time zone; give it as timezone instead.")
    if text.startswith("@"):
        return _macro(text).split(" ")
    fields = re.split(r"[ \t]+", text) if text else []
    if len(fields) != len(FIELDS):
        names = ", ".join(field.title for field in FIELDS)
        count = "1 field" if len(fields) == 1 else f"{len(fields)} fields"
        message = f"The schedule {text!r} has {count}; it takes five: {names}."
        raise _refusal("field_count", message + " Seconds and years are not read.")
    return fields


def _macro(text: str) -> str:
    if text.lower() not in _MACROS:
        known = ", ".join(_MACROS)
        message = f"The schedule {text!r} is not known; use one of {known} or five fields like '*/15 * * * *'."
        raise _refusal("unknown_macro", message)
    return _MACROS[text.lower()]


def _read_fields(texts: list[str]) -> tuple[list[tuple[int, ...]], list[Problem]]:
    values: list[tuple[int, ...]] = []
    problems: list[Problem] = []
    for field, text in zip(FIELDS, texts, strict=True):
        try:
            values.append(read_field(field, text))
        except Invalid as refusal:
            problems += refusal.problems
    return values, problems


def _zone_problems(name: str) -> list[Problem]:
    try:
        zone(name)
    except Invalid as refusal:
        return list(refusal.problems)
    return []


def _covers_all(field: Field, text: str, values: tuple[int, ...]) -> bool:
    return is_unrestricted(text) or values == field.everything


def _refuse_if_never_due(schedule: Schedule) -> None:
    if schedule.either_day:
        return
    longest = max(_LONGEST_MONTHS.get(month, 31) for month in schedule.months)
    if schedule.days_of_month[0] > longest:
        message = (
            f"The schedule {schedule.text!r} can never be due: none of its months has a day"
            f" {schedule.days_of_month[0]}."
        )
        raise Invalid.field(DAY_OF_MONTH.name, message, code="never_due")


def _refusal(code: str, message: str) -> Invalid:
    return Invalid.field("schedule", message, code=code)
