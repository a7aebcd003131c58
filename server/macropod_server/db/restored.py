"""What a restore has to look at and set right in the rows it filled in."""

from collections.abc import Collection
from datetime import datetime

from sqlmodel import Session, col, delete, or_, select, update

from macropod_server.db import given
from macropod_server.db.orchestrations import NO_ARCHIVE
from macropod_server.db.tables import Environment, Orchestration, Run, Slot, Workspace
from macropod_server.domain.portions import portions
from macropod_server.domain.run import FINAL
from macropod_server.domain.task import EnvironmentStatus, OrchestrationStatus

_AT_ONCE = 500


def unfinished(session: Session) -> list[Run]:
    """Oldest first."""
    query = select(Run).where(col(Run.status).not_in(FINAL))
    return list(session.exec(query.order_by(col(Run.created_at), col(Run.id))))


def note_removed(session: Session, *, now: datetime) -> None:
    """Ended runs have no container here, and hold nothing."""
    ended = (col(Run.status).in_(FINAL), col(Run.removed_at).is_(None))
    session.execute(delete(Slot).where(col(Slot.run_id).in_(select(col(Run.id)).where(col(Run.status).in_(FINAL)))))
    session.execute(update(Run).where(*ended).values(removed_at=now))
    given.forget_values_of_ended(session)


def note_environments_lost(session: Session, *, but: Collection[str]) -> None:
    """Whoever packages the same lock next builds them anew."""
    lost = (col(Environment.status) == EnvironmentStatus.READY, col(Environment.name).not_in(but))
    session.execute(update(Environment).where(*lost).values(status=EnvironmentStatus.BUILDING))


def note_archives_lost(session: Session) -> None:
    """No backup has them."""
    session.execute(update(Environment).values(**NO_ARCHIVE))


def to_package(session: Session) -> list[Orchestration]:
    """Those whose environment is not there, or whose packaging was under way and is over."""
    is_lost = col(Orchestration.environment).in_(
        select(col(Environment.digest)).where(col(Environment.status) != EnvironmentStatus.READY)
    )
    was_begun = col(Orchestration.status).in_((OrchestrationStatus.PENDING_PACKAGING, OrchestrationStatus.PACKAGING))
    at_work = select(Run.id).where(col(Run.id) == col(Orchestration.packaging_run_id), col(Run.status).not_in(FINAL))
    wanted = (
        col(Orchestration.deleted_at).is_(None),
        col(Orchestration.status) != OrchestrationStatus.ERROR,
        or_(is_lost, was_begun),
        ~at_work.exists(),
    )
    return list(session.exec(select(Orchestration).where(*wanted).order_by(col(Orchestration.created_at))))


def with_bytes(session: Session, sha256s: Collection[str]) -> list[Orchestration]:
    """Those that are not deleted and stand on one of these blobs."""
    return [
        orchestration
        for some in portions(sha256s, _AT_ONCE)
        for orchestration in session.exec(
            select(Orchestration).where(col(Orchestration.sha256).in_(some), col(Orchestration.deleted_at).is_(None))
        )
    ]


def pause_workspaces(session: Session, *, by: str, reason: str, now: datetime) -> None:
    session.execute(update(Workspace).values(paused_at=now, paused_by=by, pause_reason=reason))
