"""How much there is to do, counted for those who watch the server from outside."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select

from macropod_server.db.tables import Run
from macropod_server.domain.run import ACTIVE, RunStatus


@dataclass(frozen=True)
class Figures:
    """Runs that have not ended by their status, and since when the oldest queued one waits."""

    unfinished: dict[str, int]
    oldest_queued_at: datetime | None


def figures(session: Session) -> Figures:
    unfinished = (RunStatus.QUEUED, *ACTIVE)
    query = select(Run.status, func.count()).where(col(Run.status).in_(unfinished)).group_by(col(Run.status))
    found = dict.fromkeys(sorted(each.value for each in unfinished), 0)
    found |= {str(status): count for status, count in session.exec(query)}
    oldest = session.exec(select(func.min(Run.created_at)).where(col(Run.status) == RunStatus.QUEUED)).one()
    return Figures(found, oldest)
