"""Orchestrations and their environments in the database."""

from sqlmodel import Session, col, func, select

from macropod_server.db.paging import newest_first
from macropod_server.db.tables import Environment, Orchestration
from macropod_server.domain.errors import NotFound


def get(session: Session, orchestration_id: str, *, workspace_id: int | None = None) -> Orchestration:
    """Within a workspace what was deleted is not there; its runs still find it, without one."""
    orchestration = session.get(Orchestration, orchestration_id)
    is_asked_by_people = workspace_id is not None
    if (
        orchestration is None
        or workspace_id not in (None, orchestration.workspace_id)
        or (is_asked_by_people and orchestration.deleted_at is not None)
    ):
        raise NotFound(
            f"There is no orchestration {orchestration_id} in this workspace. "
            "`macropod orchestration list` shows those there are."
        )
    return orchestration


def find(session: Session, workspace_id: int, *, limit: int, before: str | None = None) -> list[Orchestration]:
    query = select(Orchestration).where(
        col(Orchestration.workspace_id) == workspace_id, col(Orchestration.deleted_at).is_(None)
    )
    return list(session.exec(newest_first(query, Orchestration, "created_at", limit=limit, before=before)))


def is_stored_elsewhere(session: Session, orchestration: Orchestration) -> bool:
    """Whether another orchestration, not deleted, holds the same bytes."""
    query = select(func.count()).where(
        col(Orchestration.sha256) == orchestration.sha256,
        col(Orchestration.id) != orchestration.id,
        col(Orchestration.deleted_at).is_(None),
    )
    return session.exec(query).one() > 0


def environment(session: Session, digest: str) -> Environment | None:
    return session.get(Environment, digest)


def environment_built_by(session: Session, run_id: str) -> Environment | None:
    return session.exec(select(Environment).where(col(Environment.name) == run_id)).first()
