"""The five fields of a schedule, read strictly: what could be meant in two ways is refused with a reason."""

import re
from dataclasses import dataclass

from macropod_server.domain.errors import Invalid

_NUMBER = re.compile(r"[0-9]+", re.ASCII)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


@dataclass(frozen=True)
class Field:
    """The values of one field, lowest and highest included; `alias` is one more way to write the lowest."""

    name: str
    lowest: int
    highest: int
    names: tuple[str, ...] = ()
    alias: int | None = None

    @property
    def title(self) -> str:
        return self.name.replace("_", " ")

    @property
    def everything(self) -> tuple[int, ...]:
        return tuple(range(self.lowest, self.highest + 1))


MINUTE = Field("minute", 0, 59)
HOUR = Field("hour", 0, 23)
DAY_OF_MONTH = Field("day_of_month", 1, 31)
MONTH = Field("month", 1, 12, _MONTHS)
DAY_OF_WEEK = Field("day_of_week", 0, 6, _WEEKDAYS, alias=7)
FIELDS = (MINUTE, HOUR, DAY_OF_MONTH, MONTH, DAY_OF_WEEK)


def is_unrestricted(text: str) -> bool:
    """Whether a field leaves the choice open, as cron sees it: by its first character alone."""
    return text.startswith(("*", "?"))


def read_field(field: Field, text: str) -> tuple[int, ...]:
    """The values this field allows, in order. Raises `Invalid` naming the field."""
    values = {value for member in text.split(",") for value in _read_member(field, member)}
    return tuple(sorted({field.lowest if value == field.alias else value for value in values}))


def _read_member(field: Field, member: str) -> range:
    if not member:
        raise _refusal(field, "empty_member", "has an empty place in its list; write a value between the commas")
    span, slash, step = member.partition("/")
    first, last = _read_span(field, span, is_start=bool(slash))
    return range(first, last + 1, _read_step(field, step) if slash else 1)


def _read_span(field: Field, span: str, *, is_start: bool) -> tuple[int, int]:
    if span in ("*", "?"):
        return field.lowest, field.highest
    first, dash, last = span.partition("-")
    start = _read_value(field, first, where=span)
    if not dash:
        return start, max(start, field.highest) if is_start else start
    end = _read_value(field, last, where=span)
    if end < start:
        parts = _two_ranges(field, first, last)
        raise _refusal(field, "wrapped_range", f"has the range {span!r}, which ends before it starts; write {parts}")
    return start, end


def _two_ranges(field: Field, first: str, last: str) -> str:
    """What a range that goes over the end of its field means, such as 22-23,0-4."""
    highest, lowest = str(field.highest), str(field.lowest)
    if field.names and first.lower() in field.names:
        highest, lowest = field.names[-1], field.names[0]
    spans = ((first, highest), (lowest, last))
    return ",".join(start if start.lower() == end.lower() else f"{start}-{end}" for start, end in spans)


def _read_value(field: Field, text: str, *, where: str) -> int:
    if text.lower() in field.names:
        return field.lowest + field.names.index(text.lower())
    if not _NUMBER.fullmatch(text):
        named = f" or a name from {field.names[0]} to {field.names[-1]}" if field.names else ""
        raise _refusal(field, "not_a_value", f"has {where!r}, which is no number{named}")
    if not field.lowest <= int(text) <= (field.alias or field.highest):
        allowed = f"{field.lowest} to {field.alias or field.highest}"
        raise _refusal(field, "out_of_range", f"has {text}, which is out of range; it takes {allowed}")
    return int(text)


def _read_step(field: Field, text: str) -> int:
    longest = len(field.everything)
    if not _NUMBER.fullmatch(text) or not 1 <= int(text) <= longest:
        raise _refusal(field, "bad_step", f"has the step {text!r}; a step is a whole number from 1 to {longest}")
    return int(text)


def _refusal(field: Field, code: str, what: str) -> Invalid:
    return Invalid.field(field.name, f"The {field.title} field of the schedule {what}.", code=code)
