"""Reads what is written after an option; a mistake names the option and what it takes."""

import json
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from macropod.errors import Invalid
from macropod.option_values import checked_bytes

_SPAN = re.compile(r"(\d+|\d*\.\d+)([smhd]?)")
_UNITS = {"": "seconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def read_moment(text: str) -> datetime:
    """`10m` is ten minutes ago; anything else is an ISO 8601 time, in UTC unless it says otherwise."""
    try:
        if age := re.fullmatch(r"\d+[smhd]", text):
            return datetime.now(UTC) - _span(age[0])
        at = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f"{text!r} is neither an age such as 10m nor a time such as 2026-01-02T03:04Z."
        ) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def read_seconds(text: str) -> float:
    try:
        return _span(text).total_seconds()
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{text!r} is no length of time; it takes seconds, or 90s, 10m, 2h, 1d.") from None


def read_whole_seconds(text: str) -> int:
    seconds = read_seconds(text)
    if seconds < 1 or seconds % 1:
        raise typer.BadParameter(f"{text!r} is not a whole number of seconds from 1 on.")
    return int(seconds)


def read_seconds_or_none(text: str) -> int:
    """As `read_whole_seconds`, but 0 stands for at once."""
    return 0 if text == "0" else read_whole_seconds(text)


def read_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a date such as 2026-12-25.") from None


def read_end(text: str) -> str | int:
    """An exit code as a number, any other end as the word it is."""
    return int(text) if text.isascii() and text.isdigit() else text


def read_size(text: str) -> int:
    try:
        return checked_bytes("It", int(text) if text.isascii() and text.isdigit() else text)
    except Invalid:
        raise typer.BadParameter(f"{text!r} is no size; it takes bytes, or 512MiB, 2GiB, 2GB.") from None


def read_arguments(text: str) -> dict[str, Any]:
    """A JSON object, or the one in the file after `@`."""
    if text.startswith("@"):
        return read_json_object(read_text(Path(text[1:])), f"The file {text[1:]}")
    return read_json_object(text, repr(text))


def read_json_object(text: str, source: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise typer.BadParameter(f"{source} is not JSON: {error}.") from None
    if not isinstance(found, dict):
        raise typer.BadParameter(f'{source} is not a JSON object such as {{"name": "Ada"}}.')
    return found


def check_is_waiting(wait_timeout: float | None, *, waits: bool, by: str) -> None:
    if wait_timeout is not None and not waits:
        raise typer.BadParameter(f"Nothing is waited for; give {by} too.", param_hint="--wait-timeout")


WaitTimeoutOption = Annotated[
    float | None, typer.Option(parser=read_seconds, metavar="DURATION", help="How long to wait at most: 90, 10m, 2h.")
]
WaitOption = Annotated[bool, typer.Option("--wait", help="Wait for the end; exit as the run did.")]
FollowOption = Annotated[bool, typer.Option("--follow", "-f", help="Print its log meanwhile; exit as the run did.")]
LimitOption = Annotated[int | None, typer.Option(min=1, metavar="NUMBER", help="Show at most so many.")]
TaskArgument = Annotated[str, typer.Argument(metavar="TASK", help="Id of a task.")]
ReasonOption = Annotated[str | None, typer.Option(metavar="TEXT", help="Why; it is shown with the pause.")]
ScheduleArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="SCHEDULE", help="Five cron fields such as '0 2 * * *', or @hourly; several count all."),
]
ZoneOption = Annotated[
    str | None, typer.Option(metavar="ZONE", help="IANA zone of the schedule, such as Europe/Berlin; UTC if left out.")
]


def _span(text: str) -> timedelta:
    found = _SPAN.fullmatch(text)
    if not found:
        raise ValueError(text)
    return timedelta(**{_UNITS[found[2]]: float(found[1])})


def read_text(path: Path) -> str:
    """What is in a file, every character of it."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return file.read()
    except FileNotFoundError:
        raise typer.BadParameter(f"There is no file {path}.") from None
    except (OSError, UnicodeError) as error:
        raise typer.BadParameter(f"The file {path} cannot be read: {error}.") from None
