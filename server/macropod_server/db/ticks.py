"""Ticks in the database: one row per due moment of a task, whatever became of it."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import select as select_columns
from sqlmodel import Session, col, insert, select

from macropod_server.db.tables import Run, Task, Tick
from macropod_server.domain.cadence import Beat
from macropod_server.domain.run import Cause
from macropod_server.domain.task import TickOutcome


def add(session: Session, ticks: Sequence[Tick], *, in_time: bool = True) -> None:
    """`in_time`: they came in the course of time, and whoever looks on is told of them once this is committed."""
    if in_time:
        session.info["told"].extend(ticks)
    if ticks:
        session.execute(insert(Tick), [tick.model_dump(exclude={"id"}) for tick in ticks])


def find(
    session: Session, task_id: str, *, outcome: TickOutcome | None, limit: int, before: datetime | None
) -> list[Tick]:
    """Newest due moment first."""
    query = select(Tick).where(col(Tick.task_id) == task_id)
    if outcome is not None:
        query = query.where(col(Tick.outcome) == outcome)
    if before is not None:
        query = query.where(col(Tick.due_at) < before)
    return list(session.exec(query.order_by(col(Tick.due_at).desc()).limit(limit)))


def between(session: Session, task_id: str, first: datetime, last: datetime) -> list[Tick]:
    """Those due from the first to the last moment, both included."""
    query = select(Tick).where(col(Tick.task_id) == task_id, col(Tick.due_at).between(first, last))
    return list(session.exec(query.order_by(col(Tick.due_at))))


def ahead(session: Session, task_ids: Collection[str]) -> set[tuple[str, datetime]]:
    """Ticks of these tasks that have their row although the task has not come to them: task and due moment."""
    query = select(Tick.task_id, Tick.due_at).join(Task, col(Task.id) == col(Tick.task_id))
    lying_ahead = (col(Task.id).in_(task_ids), col(Tick.due_at) >= col(Task.next_due_at))
    return set(session.exec(query.where(*lying_ahead)).all())


def since_last_settled(session: Session, task_id: str, *, limit: int) -> list[Tick]:
    """The ticks that passed while the task was paused and that nothing came after, newest first."""
    of_task = select(Tick.due_at).where(col(Tick.task_id) == task_id)
    settled = of_task.where(col(Tick.outcome) != TickOutcome.PAUSED).order_by(col(Tick.due_at).desc()).limit(1)
    last = session.exec(settled).first()
    query = select(Tick).where(col(Tick.task_id) == task_id)
    if last is not None:
        query = query.where(col(Tick.due_at) > last)
    return list(session.exec(query.order_by(col(Tick.due_at).desc()).limit(limit)))


def beats(session: Session, task_id: str, *, since: datetime, limit: int) -> list[Beat]:
    """The newest ticks due since then, with when their runs started. Backfilled ones were not to be on time."""
    query = (
        select_columns(col(Tick.due_at), col(Tick.outcome), col(Tick.created_at), col(Run.started_at), col(Run.cause))
        .outerjoin(Run, (col(Run.id) == col(Tick.run_id)) & (col(Tick.outcome) == TickOutcome.STARTED))
        .where(col(Tick.task_id) == task_id, col(Tick.due_at) >= since)
        .order_by(col(Tick.due_at).desc())
        .limit(limit)
    )
    return [
        Beat(due_at, outcome, decided_at, started_at, is_made_up=cause is Cause.BACKFILL)
        for due_at, outcome, decided_at, started_at, cause in session.execute(query)
    ]
