"""Pages of lists: newest first, the next page named by the place of the last row of the one before."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy.orm import aliased
from sqlmodel import and_, col, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from macropod_server.domain.errors import Invalid

Row = TypeVar("Row")


def newest_first(
    query: "SelectOfScalar[Row]", table: Any, instant: str, *, limit: int, before: str | None
) -> "SelectOfScalar[Row]":
    """`before` is a place as `next_place` gives it, or an id: then the place is where that row is now."""
    moment, identity = col(getattr(table, instant)), col(table.id)
    if before is not None:
        last = aliased(table)
        at, _, last_id = before.rpartition("_")
        stands_at = select(getattr(last, instant)).where(last.id == last_id).scalar_subquery()
        last_moment = _read_moment(at) if at else stands_at
        query = query.where(or_(moment < last_moment, and_(moment == last_moment, identity < last_id)))
    return query.order_by(moment.desc(), identity.desc()).limit(limit)


def next_place(rows: Sequence[Any], instant: str, *, limit: int) -> str | None:
    """Where the page after these rows begins, also when its last row moves on meanwhile. None after the last page."""
    if len(rows) < limit:
        return None
    moment: datetime = getattr(rows[-1], instant)
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}_{rows[-1].id}"


def _read_moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid.field(
            "before", f"{text!r} is no place in this list; send `next_before` of the page before, or an id."
        ) from None
