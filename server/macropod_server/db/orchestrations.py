"""Orchestrations and their environments in the database."""

from sqlmodel import Session, col, func, select

from macropod_server.db.paging import newest_first
from macropod_server.db.tables import Environment, Orchestration, Run, RunEvent
from macropod_server.domain.errors import NotFound


def get(session: Session, orchestration_id: str, *, workspace_id: int | None = None) -> Orchestration:
    orchestration = session.get(Orchestration, orchestration_id)
    if orchestration is None or workspace_id not in (None, orchestration.workspace_id):
        raise NotFound(
            f"There is no orchestration {orchestration_id} in this workspace. "
            "`macropod orchestration list` shows those there are."
        )
    return orchestration


def find(session: Session, workspace_id: int, *, limit: int, before: str | None = None) -> list[Orchestration]:
    query = select(Orchestration).where(col(Orchestration.workspace_id) == workspace_id)
    return list(session.exec(newest_first(query, Orchestration, "created_at", limit=limit, before=before)))


def delete(session: Session, orchestration: Orchestration) -> None:
    """Remove the orchestration and its packaging runs; its tasks must be gone already."""
    packaging = session.exec(select(Run).where(col(Run.orchestration_id) == orchestration.id)).all()
    for run in packaging:
        for event in session.exec(select(RunEvent).where(col(RunEvent.run_id) == run.id)):
            session.delete(event)
    session.flush()
    for run in packaging:
        session.delete(run)
    session.flush()
    session.delete(orchestration)


def is_stored_elsewhere(session: Session, orchestration: Orchestration) -> bool:
    """Whether another orchestration holds the same bytes."""
    query = select(func.count()).where(
        col(Orchestration.sha256) == orchestration.sha256, col(Orchestration.id) != orchestration.id
    )
    return session.exec(query).one() > 0


def environment(session: Session, digest: str) -> Environment | None:
    return session.get(Environment, digest)


def environment_built_by(session: Session, run_id: str) -> Environment | None:
    return session.exec(select(Environment).where(col(Environment.name) == run_id)).first()
