"""Runs that are not gone: they have not ended, or their container was not seen gone. Their tasks are to be locked."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import aliased
from sqlmodel import Session, and_, col, func, update

from macropod_server.db import slots
from macropod_server.db.tables import Run, Slot
from macropod_server.domain.overlap import Present
from macropod_server.domain.run import ACTIVE, Reason, RunStatus

_SHOWN = (col(Run.id), col(Run.task_id), col(Run.cause), col(Run.status), col(Run.delayed_since))


def of_tasks(session: Session, task_ids: Collection[str]) -> dict[str, list[Present]]:
    """By task, oldest first."""
    first = aliased(Run)
    has_place = and_(col(Slot.run_id) == col(Run.id), col(Slot.name) == slots.of_task("") + col(Run.task_id))
    query = (
        select(*_SHOWN, col(Slot.run_id), col(first.cause))
        .outerjoin(Slot, has_place)
        .outerjoin(first, col(first.id) == col(Run.first_run_id))
        .where(col(Run.task_id).in_(task_ids), col(Run.removed_at).is_(None))
        .order_by(col(Run.created_at), col(Run.id))
    )
    found: dict[str, list[Present]] = defaultdict(list)
    for run_id, task_id, cause, status, delayed_since, holder, origin in session.execute(query):
        is_queued = status is RunStatus.QUEUED
        may_have_container = not is_queued or delayed_since is not None
        found[task_id].append(Present(run_id, cause, is_queued, holder is not None, may_have_container, origin))
    return dict(found)


def count_queued(session: Session, task_ids: Collection[str]) -> dict[str, int]:
    """How many runs of each task wait."""
    waits = (col(Run.removed_at).is_(None), col(Run.status) == RunStatus.QUEUED)
    of_task = col(Run.task_id)
    query = select(of_task, func.count()).where(of_task.in_(task_ids), *waits).group_by(of_task)
    return {task_id: count for task_id, count in session.execute(query) if task_id}


def ask_to_stop(session: Session, run_ids: Collection[str], *, now: datetime, by: str, reason: Reason) -> Sequence[str]:
    """Those of these runs that were started and are asked only now. Who asked first stays noted."""
    is_new = (col(Run.status).in_(ACTIVE), col(Run.stop_requested_at).is_(None))
    facts: dict[str, Any] = {"stop_requested_at": now, "stop_requested_by": by, "stop_reason": reason}
    asking = update(Run).where(col(Run.id).in_(run_ids), *is_new).values(**facts).returning(col(Run.id))
    return session.scalars(asking).all() if run_ids else []


def spread_out(session: Session, workspace_id: int, spread: timedelta, *, now: datetime) -> None:
    """Let the waiting runs of the workspace's tasks start one after the other, oldest first, evenly over the span."""
    waits = (col(Run.status) == RunStatus.QUEUED, col(Run.removed_at).is_(None), col(Run.task_id).is_not(None))
    query = select(col(Run.id), col(Run.put_off_until)).where(col(Run.workspace_id) == workspace_id, *waits)
    waiting = session.execute(query.order_by(col(Run.created_at), col(Run.id))).all()
    facts = []
    for place, (run_id, put_off_until) in enumerate(waiting):
        turn = now + spread * place / len(waiting)
        facts.append({"id": run_id, "put_off_until": max(put_off_until or turn, turn)})
    if facts:
        session.execute(update(Run), facts)
