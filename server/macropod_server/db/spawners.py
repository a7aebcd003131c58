"""What of an installation is tied to which kind of spawner."""

from collections import Counter

from sqlmodel import Session, col, func, select

from macropod_server.db.tables import Environment, Run
from macropod_server.domain.spawner_choice import Tied
from macropod_server.domain.task import EnvironmentStatus


def tied(session: Session) -> list[Tied]:
    """By kind of spawner, the runs that may have a container and the environments that are whole."""
    unclean = select(Run.spawner, func.count()).where(col(Run.removed_at).is_(None)).group_by(col(Run.spawner))
    kept = (col(Environment.status) == EnvironmentStatus.READY, col(Environment.archive_sha256).is_(None))
    built = select(Environment.spawner, func.count()).where(*kept).group_by(col(Environment.spawner))
    runs, environments = Counter(dict(session.exec(unclean).all())), Counter(dict(session.exec(built).all()))
    kinds = sorted(kind for kind in {*runs, *environments} if kind is not None)
    return [Tied(kind, runs[kind], environments[kind]) for kind in kinds]
