"""Which chunks may hold a line that is wanted, by what their rows say of them."""

from datetime import datetime

from sqlalchemy import ColumnElement

from macropod_server.domain.lines import Stream
from macropod_server.logstore.packing import to_microseconds
from macropod_server.logstore.table import chunks


def that_hold(stream: Stream | None) -> list[ColumnElement[bool]]:
    return [] if stream is None else [chunks.c.streams.contains(stream.value)]


def printed_between(since: datetime | None, until: datetime | None) -> list[ColumnElement[bool]]:
    lower = [] if since is None else [chunks.c.last_at >= to_microseconds(since)]
    upper = [] if until is None else [chunks.c.first_at < to_microseconds(until)]
    return lower + upper
