"""Reads stored lines of a log: its tail in one call, a range page by page."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from macropod.answers import Answer
from macropod.arguments import checked_moment
from macropod.connection import Connection
from macropod.errors import Invalid
from macropod.logs import LogLine, LogLines

_PAGE_LINES = 10_000


def read_lines(
    connection: Connection,
    path: str,
    *,
    limit: int | None,
    stream: str | None,
    since: datetime | None,
    until: datetime | None,
) -> LogLines:
    """The last `limit` lines that fit, oldest first; all of them for None."""
    _check_limit(limit)
    span = {"since": checked_moment("since", since), "until": checked_moment("until", until)}
    is_tail = limit is not None and limit <= _PAGE_LINES and since is None and until is None
    pages = (
        [connection.get(path, tail=limit, stream=stream)]
        if is_tail
        else list(_pages(connection, path, {"stream": stream} | span))
    )
    lines = [LogLine._read(each) for page in pages for each in page["lines"]]
    kept = lines if limit is None else lines[max(0, len(lines) - limit) :]
    return LogLines(kept, last_number=pages[-1]["next"] - 1)


def _pages(connection: Connection, path: str, within: dict[str, Any]) -> Iterator[Answer]:
    first = 1
    while True:
        page = connection.get(path, first=first, limit=_PAGE_LINES, **within)
        yield page
        if not page["lines"] or page["lines"][-1]["number"] + 1 >= page["next"]:
            return
        first = page["lines"][-1]["number"] + 1


def _check_limit(limit: int | None) -> None:
    if limit is not None and (not isinstance(limit, int) or limit < 0):
        raise Invalid.field("limit", f"limit is {limit!r}; it takes a number of lines, or None for all.")
