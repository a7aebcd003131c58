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
    seconds = timeout.total_seconds() if isinstance(timeout, timedelta) else timeout
    if seconds is None:
        return None
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if not is_number or not (seconds >= 1 and seconds % 1 == 0):
        raise Invalid.field(
            "timeout", f"timeout is {timeout!r}; it takes whole seconds from 1 on, a timedelta or None."
        )
    return int(seconds)


def checked_name(name: str) -> str:
    """Raises `Invalid` for a name without a letter to read."""
    if isinstance(name, str) and not name.strip():
        raise Invalid.field("name", "The name is empty; give one that people can read.")
    return name


def checked_moment(name: str, at: datetime | None) -> str | None:
    """ISO 8601 text. Raises `Invalid` for anything but an aware datetime, or None."""
    advice = "it takes a datetime with a time zone, such as datetime(2026, 1, 2, tzinfo=timezone.utc)."
    if at is None:
        return None
    if not isinstance(at, datetime):
        raise Invalid.field(name, f"{name} is {at!r}, a {_kind(at)}; {advice}")
    if at.tzinfo is None:
        raise Invalid.field(name, f"{name} is {at}, without a time zone; {advice}")
    return at.isoformat()


def checked_schedule(schedule: str | Collection[str]) -> str:
    """The text of a schedule; a collection of one text stands for it. The server says what it means."""
    [text, *others] = schedule if isinstance(schedule, Set | list | tuple) and schedule else [schedule]
    if others or not isinstance(text, str):
        raise Invalid.field("schedule", f"schedule is {schedule!r}; it takes one text such as '0 2 * * *'.")
    return text


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
