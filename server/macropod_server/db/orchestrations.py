"""Orchestrations and their environments in the database."""

from sqlmodel import Session, col, select, update

from macropod_server.db import locks
from macropod_server.db.paging import newest_first
from macropod_server.db.tables import Environment, Orchestration
from macropod_server.domain.errors import NotFound
from macropod_server.domain.task import EnvironmentStatus

NO_ARCHIVE = {"archive_sha256": None, "archive_bytes": None}
"""What a row holds of an environment that is not in the storage."""


def get(
    session: Session, orchestration_id: str, *, workspace_id: int | None = None, locked: bool = False
) -> Orchestration:
    """Within a workspace what was deleted is not there; its runs still find it, without one.

    `locked`: as it is now, and no one else's to change until the transaction ends.
    """
    lock = locks.ROW if locked else None
    orchestration = session.get(Orchestration, orchestration_id, with_for_update=lock, populate_existing=locked)
    is_asked_by_people = workspace_id is not None
    if (
        orchestration is None
        or workspace_id not in (None, orchestration.workspace_id)
        or (is_asked_by_people and orchestration.deleted_at is not None)
    ):
        raise NotFound.named("orchestration", orchestration_id)
    return orchestration


def hold_bytes(session: Session, sha256: str) -> None:
    """Nobody else begins or ceases to use these bytes until the transaction ends."""
    locks.alone(session, f"bytes {sha256}")


def find(session: Session, workspace_id: int, *, limit: int, before: str | None = None) -> list[Orchestration]:
    query = select(Orchestration).where(
        col(Orchestration.workspace_id) == workspace_id, col(Orchestration.deleted_at).is_(None)
    )
    return list(session.exec(newest_first(query, Orchestration, "created_at", limit=limit, before=before)))


def environment(session: Session, digest: str) -> Environment | None:
    return session.get(Environment, digest)


def hold_environment(session: Session, digest: str) -> Environment | None:
    """As it is now, and no one else's to make or change until the transaction ends."""
    locks.alone(session, f"environment {digest}")
    return session.get(Environment, digest, with_for_update=locks.ROW, populate_existing=True)


def note_environment_lost(session: Session, name: str) -> bool:
    """Its builder has ended, so the next packaging of the same lock builds it anew. False where it was lost before."""
    ready = (col(Environment.name) == name, col(Environment.status) == EnvironmentStatus.READY)
    lost = update(Environment).where(*ready).values(status=EnvironmentStatus.BUILDING, **NO_ARCHIVE)
    return len(session.execute(lost.returning(col(Environment.digest))).all()) > 0


def environment_built_by(session: Session, run_id: str) -> Environment | None:
    return session.exec(select(Environment).where(col(Environment.name) == run_id)).first()


def archives(session: Session) -> set[str]:
    """The sha256 of every environment that is in the storage."""
    named = select(Environment.archive_sha256).where(col(Environment.archive_sha256).is_not(None))
    return {sha256 for sha256 in session.exec(named) if sha256 is not None}
