"""Runs whose lines a search looks through: the newest first, without those whose lines lie outside of its time."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, or_, select

from macropod_server.db.tables import Run
from macropod_server.domain.run import RunStatus

_CLOCKS_DIFFER = timedelta(hours=1)
"""Lines have the time of the machine they were printed on, runs that of the server."""


@dataclass(frozen=True)
class Scope:
    """Of a workspace all runs, or those of a task, one run, those of a status; and when lines were printed."""

    workspace_id: int
    task_id: str | None = None
    run_id: str | None = None
    status: RunStatus | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Place:
    """Everything up to line `before` of this run was looked through, and all that was made after the run."""

    created_at: datetime
    run_id: str
    before: int


def runs_to_search(session: Session, scope: Scope, place: Place | None, *, limit: int) -> list[Run]:
    """From the run of the place on, if lines of it are left. It may be gone meanwhile."""
    wanted = {Run.task_id: scope.task_id, Run.id: scope.run_id, Run.status: scope.status}
    conditions = [col(column) == value for column, value in wanted.items() if value is not None]
    query = select(Run).where(col(Run.workspace_id) == scope.workspace_id, *conditions, *_overlap(scope), *_from(place))
    return list(session.exec(query.order_by(col(Run.created_at).desc(), col(Run.id).desc()).limit(limit)))


def _overlap(scope: Scope) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if scope.since is not None:
        found.append(or_(col(Run.ended_at).is_(None), col(Run.ended_at) >= scope.since - _CLOCKS_DIFFER))
    if scope.until is not None:
        found.append(col(Run.created_at) < scope.until + _CLOCKS_DIFFER)
    return found


def _from(place: Place | None) -> list[ColumnElement[bool]]:
    if place is None:
        return []
    identity, moment = col(Run.id), col(Run.created_at)
    of_same_moment = identity <= place.run_id if place.before > 1 else identity < place.run_id
    # The first bound alone is what an index on the moment can begin at.
    return [
        moment <= place.created_at,
        or_(moment < place.created_at, and_(moment == place.created_at, of_same_moment)),
    ]
