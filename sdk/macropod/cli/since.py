"""Reads the moment `--since` names."""

import re
from datetime import UTC, datetime, timedelta

import typer

_AGE = re.compile(r"(\d+)([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def read_since(text: str, *, now: datetime) -> datetime:
    """`10m` is ten minutes before `now`; anything else is an ISO 8601 time, in UTC unless it says otherwise."""
    if age := _AGE.fullmatch(text):
        return now - timedelta(**{_UNITS[age[2]]: int(age[1])})
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is neither an age such as 10m nor a time such as 2026-01-02T03:04Z.",
            param_hint="--since",
        ) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
