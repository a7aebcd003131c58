"""Where in a run's log a time or an amount of text lies: found by halving, over any number of chunks."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, select

from macropod_server.logstore.base import Batch
from macropod_server.logstore.packing import pack
from macropod_server.logstore.table import chunks

_HEAD = (
    chunks.c.first_line,
    chunks.c.line_count,
    chunks.c.size_bytes,
    chunks.c.last_at,
    chunks.c.latest_at,
    chunks.c.set_back,
    chunks.c.text_before,
)
"""All of a chunk that is not its text: reading one does not read the text."""

_NEWEST: Select[Any] = (
    select(*_HEAD).where(chunks.c.run_id == bindparam("run")).order_by(chunks.c.first_line.desc()).limit(1)
)
_NEWEST_UP_TO = _NEWEST.where(chunks.c.first_line <= bindparam("at_most"))
"""Made once: to put one together takes longer than to ask it, and every batch asks."""


@dataclass(frozen=True)
class Span:
    """Chunks by the numbers of their first lines, from one on to one included. None: without a bound."""

    first: int | None = None
    last: int | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        lower = [] if self.first is None else [chunks.c.first_line >= self.first]
        return lower + ([] if self.last is None else [chunks.c.first_line <= self.last])


ALL = Span()


class Unknown(Exception):
    """A chunk in the way does not know its place: a server of an earlier version stored it."""


def following(newest: Mapping[str, Any] | None, chunk: Mapping[str, Any]) -> dict[str, Any]:
    """What a chunk adds to those before it: the latest time so far, how far times ever went back, bytes before it.

    Unknown after one that does not know it: a server of an earlier version stored that.
    """
    if newest is None:
        return {"latest_at": chunk["last_at"], "set_back": 0, "text_before": 0}
    if None in (newest["latest_at"], newest["set_back"], newest["text_before"]):
        return {"latest_at": None, "set_back": None, "text_before": None}
    return {
        "latest_at": max(newest["latest_at"], chunk["last_at"]),
        "set_back": max(newest["set_back"], newest["latest_at"] - chunk["first_at"]),
        "text_before": newest["text_before"] + newest["size_bytes"],
    }


def placed(batches: Iterable[Batch]) -> Iterator[dict[str, Any]]:
    """Rows for batches of which each run's come one after the other."""
    newest: dict[str, Any] | None = None
    for each in batches:
        if row := pack(each.run_id, each.first, each.content):
            newest = row | following(newest if newest and newest["run_id"] == each.run_id else None, row)
            yield newest


def newest_chunk(connection: Connection, run_id: str, *, at_most: int | None = None) -> Row[Any] | None:
    """The last chunk that begins at or before this line."""
    if at_most is None:
        return connection.execute(_NEWEST, {"run": run_id}).one_or_none()
    return connection.execute(_NEWEST_UP_TO, {"run": run_id, "at_most": at_most}).one_or_none()


def span_of_time(connection: Connection, run_id: str, since: int | None, until: int | None) -> Span:
    """Every chunk that may hold lines of this time, in microseconds since 1970, and few others.

    The latest time so far only grows, so the first chunk with lines of `since` or later is found by halving. A clock
    that was set back makes lines before `until` come later, but by no more than it ever was.
    """
    newest = newest_chunk(connection, run_id) if (since, until) != (None, None) else None
    if newest is None or newest.latest_at is None:
        return ALL
    try:
        first = first_chunk(connection, run_id, newest, "latest_at", since) if since is not None else None
        last = (
            first_chunk(connection, run_id, newest, "latest_at", until + newest.set_back) if until is not None else None
        )
    except Unknown:
        return ALL
    # Past the end there is nothing of that time.
    beyond = newest.first_line + 1 if since is not None else None
    return Span(first.first_line if first else beyond, last.first_line if last else None)


def first_chunk(connection: Connection, run_id: str, newest: Row[Any], key: str, least: int) -> Row[Any] | None:
    """The first chunk whose key, which never falls, is at least that; None when there is none. Raises `Unknown`."""
    if getattr(newest, key) < least:
        return None
    low, found = 0, newest  # The chunk that holds line `low` is before it.
    while low + 1 < found.first_line:
        middle = (low + found.first_line) // 2
        chunk = newest_chunk(connection, run_id, at_most=middle)
        if chunk is not None and getattr(chunk, key) is None:
            raise Unknown
        if chunk is not None and getattr(chunk, key) >= least:
            found = chunk
        else:
            low = max(middle, chunk.first_line + chunk.line_count - 1 if chunk else 0)
    return found
