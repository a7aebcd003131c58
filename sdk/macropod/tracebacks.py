"""What Python said of exceptions: the one a run failed with, and all in its log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from macropod.tables import NOTHING, Listing
from macropod.values import Value

if TYPE_CHECKING:
    from macropod.answers import Answer
    from macropod.connection import Connection


@dataclass(frozen=True)
class RunError(Value):
    """The last traceback of a `main.py` that failed. As a text it is `ValueError: no rows (main.py:12)`.

    exception   the class, with its module if that is not built in: "ValueError", "json.decoder.JSONDecodeError"
    message     the first line of what it said; None when it said nothing
    file, line  the deepest frame of your own code, the file relative to the zip; None without one
    """

    exception: str
    message: str | None
    file: str | None
    line: int | None

    def __str__(self) -> str:
        return _sentence(self)


@dataclass(frozen=True)
class Traceback(Value):
    """One traceback in a log, with all that led to it: chained exceptions and groups are one.

    first_line, last_line   numbers of its lines in the log; `stream` is where they were printed
    exception   the class, with its module if that is not built in; of chained ones the last
    message     the first line of what it said; None when it said nothing
    file, line  the deepest frame of your own code, the file relative to the zip; None without one
    """

    first_line: int
    last_line: int
    stream: str
    exception: str
    message: str | None
    file: str | None
    line: int | None

    def __str__(self) -> str:
        return _sentence(self)

    def _row(self) -> list[str]:
        place = f"{self.file}:{self.line}" if self.file else NOTHING
        return [f"{self.first_line}-{self.last_line}", self.exception, place, self.message or NOTHING]


class TracebackList(Listing[Traceback]):
    """Tracebacks in the order of the log: a list that shows as a table."""

    _columns = ("lines", "exception", "at", "message")
    _dispensable = ("at",)


def read_tracebacks(connection: Connection, path: str) -> TracebackList:
    """A long log is looked at in several calls."""
    found, first = TracebackList(), 1
    while first is not None:
        page: dict[str, Any] = dict(connection.get(path, first=first))
        found += [Traceback._of(each) for each in page["tracebacks"]]
        first = page["next"]
    return found


def error_of(answer: Answer) -> RunError | None:
    """None also for a server that does not tell of any."""
    told = answer.get("error")
    return RunError._of(told) if told else None


def _sentence(found: RunError | Traceback) -> str:
    said = f"{found.exception}: {found.message}" if found.message else found.exception
    return f"{said} ({found.file}:{found.line})" if found.file else said
