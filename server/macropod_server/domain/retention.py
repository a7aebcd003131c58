"""How long things are kept: by age, by number, or for ever."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class LogRemoval(StrEnum):
    """Why the log of a run was removed before the run."""

    AGE = "age"
    SIZE = "size"


_WHY = {
    LogRemoval.AGE: "because of their age (MACROPOD_KEEP_LOGS_DAYS)",
    LogRemoval.SIZE: "because the workspace stores more of logs than is kept (MACROPOD_KEEP_LOGS_BYTES_PER_WORKSPACE)",
}


def removed_lines(removal: LogRemoval, *, lines: int, size: int) -> str:
    """What is said in the place of a log that was removed."""
    return f"{lines:,} lines ({size:,} bytes) were removed, {_WHY[removal]}."


@dataclass(frozen=True)
class Bound:
    """What is older than `since` may go, and what is not among the newest `most`. None: no such bound."""

    since: datetime | None
    most: int | None


def bound(now: datetime, *, days: int = 0, most: int = 0) -> Bound:
    """0 stands for ever, or for any number."""
    return Bound(since=_ago(now, days) if days else None, most=most or None)


def _ago(now: datetime, days: int) -> datetime | None:
    try:
        return now - timedelta(days=days)
    except OverflowError:
        return None
