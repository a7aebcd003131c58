"""Reads stored lines of a log: page by page, a tail from its end."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from macropod.answers import Answer
from macropod.arguments import checked_moment
from macropod.connection import Connection
from macropod.errors import Invalid
from macropod.line_wish import LineWish
from macropod.logs import LogLines

_PAGE_LINES = 10_000


def read_lines(
    connection: Connection,
    path: str,
    *,
    limit: int | None,
    wish: LineWish,
    since: datetime | None,
    until: datetime | None,
) -> LogLines:
    """The last `limit` lines that fit, oldest first; all of them for None."""
    _check_limit(limit)
    span = {"since": checked_moment("since", since), "until": checked_moment("until", until)}
    within = wish.params() | span
    if limit is None:
        pages = list(_pages(connection, path, within))
        next_number = pages[-1]["next"]
    else:
        pages = list(_pages_back(connection, path, limit, within))
        next_number = pages[0]["next"]
        pages.reverse()
    lines = (wish.read(each) for page in pages for each in page["lines"])
    return LogLines(lines, last_number=next_number - 1)


def _pages(connection: Connection, path: str, within: dict[str, Any]) -> Iterator[Answer]:
    first = 1
    while True:
        page = connection.get(path, first=first, limit=_PAGE_LINES, **within)
        yield page
        if not page["lines"] or page["lines"][-1]["number"] + 1 >= page["next"]:
            return
        first = page["lines"][-1]["number"] + 1


def _pages_back(connection: Connection, path: str, limit: int, within: dict[str, Any]) -> Iterator[Answer]:
    """The newest page first: an answer holds fewer lines than asked for when they are long."""
    missing, before = limit, None
    while True:
        page = connection.get(path, tail=min(missing, _PAGE_LINES), before=before, **within)
        yield page
        missing -= len(page["lines"])
        if not page["lines"] or missing <= 0 or page["lines"][0]["number"] == 1:
            return
        before = page["lines"][0]["number"]


def _check_limit(limit: int | None) -> None:
    if limit is not None and (not isinstance(limit, int) or limit < 0):
        raise Invalid.field("limit", f"limit is {limit!r}; it takes a number of lines, or None for all.")
