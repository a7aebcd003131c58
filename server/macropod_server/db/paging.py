"""Pages of lists: newest first, the next page named by the last row of the one before."""

from typing import Any, TypeVar

from sqlalchemy.orm import aliased
from sqlmodel import and_, col, or_, select
from sqlmodel.sql.expression import SelectOfScalar

Row = TypeVar("Row")


def newest_first(
    query: "SelectOfScalar[Row]", table: Any, instant: str, *, limit: int, before: str | None
) -> "SelectOfScalar[Row]":
    moment, identity = col(getattr(table, instant)), col(table.id)
    if before is not None:
        last = aliased(table)
        last_moment = select(getattr(last, instant)).where(last.id == before).scalar_subquery()
        query = query.where(or_(moment < last_moment, and_(moment == last_moment, identity < before)))
    return query.order_by(moment.desc(), identity.desc()).limit(limit)
