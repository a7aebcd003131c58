"""Checks what users give before it is sent, so that a mistake is named at once, in the user's own words."""

import json
from collections.abc import Collection, Mapping, Set
from datetime import datetime, timedelta
from typing import Any

from macropod.errors import Invalid, Problem

_ADVICE = "Arguments are JSON: objects with texts as keys, lists, texts, numbers, true, false and null."


def checked_json_args(json_args: Any) -> dict[str, Any]:
    """The arguments as the run will read them. Raises `Invalid` naming every value JSON cannot say."""
    if not isinstance(json_args, Mapping):
        raise Invalid.field(
            "json_args", f"json_args is a {_kind(json_args)}; it takes an object such as {{'dogs': 3}}."
        )
    problems: list[Problem] = []
    try:
        checked: dict[str, Any] = _checked(json_args, "json_args", problems)
    except RecursionError:
        raise Invalid.field("json_args", "json_args is nested too deeply, or contains itself.") from None
    if problems:
        raise Invalid(f"json_args holds what JSON cannot say. {_ADVICE}", problems=problems)
    return checked


def checked_timeout(timeout: int | timedelta | None) -> int | None:
    """Whole seconds. Raises `Invalid` for anything but a positive number of them, or None."""
    return None if timeout is None else checked_seconds("timeout", timeout)


def checked_seconds(name: str, span: int | timedelta, *, least: int = 1) -> int:
    """Whole seconds of a number or a timedelta. Raises `Invalid` for less than `least`."""
    seconds = span.total_seconds() if isinstance(span, timedelta) else span
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if not is_number or not (seconds >= least and seconds % 1 == 0):
        raise Invalid.field(name, f"{name} is {span!r}; it takes whole seconds from {least} on, or a timedelta.")
    return int(seconds)


def checked_name(name: str) -> str:
    """Raises `Invalid` for a name without a letter to read."""
    if isinstance(name, str) and not name.strip():
        raise Invalid.field("name", "The name is empty; give one that people can read.")
    return name


def checked_moment(name: str, at: datetime | None) -> str | None:
    """ISO 8601 text. Raises `Invalid` for anything but an aware datetime, or None."""
    return None if at is None else checked_instant(name, at)


def checked_instant(name: str, at: datetime) -> str:
    """As `checked_moment`, where None will not do."""
    advice = "it takes a datetime with a time zone, such as datetime(2026, 1, 2, tzinfo=timezone.utc)."
    if not isinstance(at, datetime):
        raise Invalid.field(name, f"{name} is {at!r}, a {_kind(at)}; {advice}")
    if at.tzinfo is None:
        raise Invalid.field(name, f"{name} is {at}, without a time zone; {advice}")
    return at.isoformat()


def checked_schedules(schedule: str | Collection[str]) -> list[str]:
    """The texts of one schedule or of several; of a set in their order. The server says what they mean."""
    texts = [schedule] if isinstance(schedule, str) or not isinstance(schedule, Collection) else list(schedule)
    if not texts or not all(isinstance(each, str) for each in texts):
        raise Invalid.field(
            "schedule", f"schedule is {schedule!r}; it takes a text such as '0 2 * * *', or several of them."
        )
    return sorted(texts) if isinstance(schedule, Set) else texts


def _checked(value: Any, where: str, problems: list[Problem]) -> Any:
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str) or not _is_plain(key):
                problems.append(Problem("not_json", where, f"has the key {key!r}, which is not a text."))
        return {key: _checked(each, f"{where}.{key}", problems) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_checked(each, f"{where}[{place}]", problems) for place, each in enumerate(value)]
    if not _is_plain(value):
        problems.append(Problem("not_json", where, f"is {value!r}, a {_kind(value)}."))
    return value


def _is_plain(value: Any) -> bool:
    if not isinstance(value, str | int | float | bool | None):
        return False
    try:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except ValueError:
        return False
    return True


def _kind(value: Any) -> str:
    return type(value).__name__
