"""Runs in the database. `advance` is the only door through which a run's status changes."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, insert, or_, select, update

from macropod_server.db import locks
from macropod_server.db.paging import newest_first
from macropod_server.db.tables import Orchestration, Run, RunEvent
from macropod_server.domain.errors import NotFound
from macropod_server.domain.run import ACTIVE, FINAL, Reason, RunKind, RunStatus, is_final, may_move
from macropod_server.domain.task import OrchestrationStatus


class MoveNotAllowed(Exception):
    """The life of a run has no such move; the caller has read the run wrongly."""


@dataclass(frozen=True)
class Concurrency:
    """How many runs may be started and not ended at once."""

    server: int
    workspace: int
    task: int


def add(session: Session, runs: Sequence[Run]) -> None:
    """Store new runs, each with its first event."""
    events = [{"run_id": run.id, "to_status": run.status, "at": run.created_at} for run in runs]
    session.execute(insert(Run), [run.model_dump() for run in runs])
    session.execute(insert(RunEvent), events)


def advance(
    session: Session,
    run: Run,
    target: RunStatus,
    *,
    now: datetime,
    reason: Reason | None = None,
    **facts: Any,
) -> bool:
    """Move the run and store facts with the move. False, and nothing stored, when someone else was first."""
    before = run.status
    if not may_move(before, target):
        raise MoveNotAllowed(f"Run {run.id} is {before.value}; it cannot become {target.value}.")
    facts |= {"ended_at": now, "reason": reason} if target in FINAL else {}
    move = update(Run).where(col(Run.id) == run.id, col(Run.status) == before).values(status=target, **facts)
    moved = session.scalars(move.returning(Run), execution_options={"populate_existing": True}).first()
    if moved is None:
        return False
    event = {"run_id": run.id, "from_status": before, "to_status": target, "reason": reason, "at": now}
    session.execute(insert(RunEvent), [event])
    return True


def get(session: Session, run_id: str, *, workspace_id: int | None = None, locked: bool = False) -> Run:
    """`locked`: as it is now, and no one else's to change; `tasks.hold_run` is the way to ask for that."""
    run = session.get(Run, run_id, with_for_update=locks.ROW if locked else None, populate_existing=locked)
    if run is None or workspace_id not in (None, run.workspace_id):
        raise NotFound(f"There is no run {run_id} in this workspace. `macropod run list` shows those there are.")
    return run


def find(
    session: Session,
    workspace_id: int,
    *,
    task_id: str | None = None,
    orchestration_id: str | None = None,
    kind: RunKind | None = None,
    status: RunStatus | None = None,
    limit: int,
    before: str | None = None,
) -> list[Run]:
    """Newest first; `before` is the id of the last run of the page before."""
    wanted = {
        Run.task_id: task_id,
        Run.orchestration_id: orchestration_id,
        Run.kind: kind,
        Run.status: status,
    }
    conditions = [col(column) == value for column, value in wanted.items() if value is not None]
    query = select(Run).where(col(Run.workspace_id) == workspace_id, *conditions)
    return list(session.exec(newest_first(query, Run, "created_at", limit=limit, before=before)))


def has_ended(session: Session, run_id: str) -> bool:
    """Nobody works at it any more; so it is with a run that was forgotten."""
    run = session.get(Run, run_id)
    return run is None or is_final(run.status)


def next_startable(session: Session, most: Concurrency, *, now: datetime) -> Run | None:
    """The oldest queued run that may start now: packaging, or a task's run whose orchestration is ready."""
    active = session.exec(select(Run.workspace_id, Run.task_id).where(col(Run.status).in_(ACTIVE))).all()
    if len(active) >= most.server:
        return None
    full_workspaces = _at_least(most.workspace, (workspace_id for workspace_id, _ in active))
    full_tasks = _at_least(most.task, (task_id for _, task_id in active if task_id))
    query = (
        select(Run)
        .join(Orchestration, col(Orchestration.id) == col(Run.orchestration_id))
        .where(
            col(Run.status) == RunStatus.QUEUED,
            or_(col(Run.kind) == RunKind.PACKAGING, col(Orchestration.status) == OrchestrationStatus.READY),
            col(Run.workspace_id).not_in(full_workspaces),
            or_(col(Run.task_id).is_(None), col(Run.task_id).not_in(full_tasks)),
            _is_not_put_off(now),
        )
        .order_by(col(Run.created_at), col(Run.id))
        .limit(1)
    )
    return session.exec(query).first()


def _is_not_put_off(now: datetime) -> ColumnElement[bool]:
    return or_(col(Run.put_off_until).is_(None), col(Run.put_off_until) <= now)


def _at_least(limit: int, members: Iterable[Any]) -> list[Any]:
    return [member for member, count in Counter(members).items() if count >= limit]


def hold_unfinished(session: Session, task_id: str) -> list[Run]:
    """The runs as they are now, and no one else's to change. The task has to be locked before."""
    query = select(Run).where(col(Run.task_id) == task_id, col(Run.status).not_in(FINAL))
    held = query.order_by(col(Run.created_at), col(Run.id)).with_for_update(key_share=True)
    return list(session.exec(held, execution_options={"populate_existing": True}))


def has_unfinished(session: Session, *, task_id: str | None = None, orchestration_id: str | None = None) -> bool:
    wanted = {Run.task_id: task_id, Run.orchestration_id: orchestration_id}
    conditions = [col(column) == value for column, value in wanted.items() if value is not None]
    query = select(Run.id).where(col(Run.status).not_in(FINAL), *conditions).limit(1)
    return session.exec(query).first() is not None


def without_contact(session: Session, *, since: datetime, now: datetime, limit: int) -> list[Run]:
    """Started runs whose runner has not been heard of since then, longest silence first."""
    query = select(Run).where(col(Run.status).in_(ACTIVE), col(Run.contact_at) < since, _is_not_put_off(now))
    return list(session.exec(query.order_by(col(Run.contact_at)).limit(limit)))


def stop_overdue(session: Session, *, asked_before: datetime, now: datetime, limit: int) -> list[Run]:
    is_overdue = (col(Run.status).in_(ACTIVE), col(Run.stop_requested_at) < asked_before, _is_not_put_off(now))
    return list(session.exec(select(Run).where(*is_overdue).order_by(col(Run.stop_requested_at)).limit(limit)))


def renew_stops(session: Session, *, now: datetime) -> None:
    """Every started run that was asked to stop is as if it were asked only now."""
    asked = (col(Run.status).in_(ACTIVE), col(Run.stop_requested_at).is_not(None))
    session.execute(update(Run).where(*asked).values(stop_requested_at=now))


def uncleaned(session: Session, *, now: datetime, limit: int) -> list[Run]:
    """Ended runs whose container was not yet seen gone, oldest first; those put off until later are left out."""
    query = select(Run).where(col(Run.status).in_(FINAL), col(Run.removed_at).is_(None), _is_not_put_off(now))
    return list(session.exec(query.order_by(col(Run.ended_at)).limit(limit)))


def note(session: Session, run_id: str, **facts: Any) -> None:
    """Store facts about a run that are not its status."""
    session.execute(update(Run).where(col(Run.id) == run_id).values(**facts))
