"""What the audit reads: tasks, ticks and first attempts of a span, all as they were at one moment."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import String, type_coerce
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, func, or_, select

from macropod_server.db.engine import Database
from macropod_server.db.tables import Run, Task, Tick
from macropod_server.domain.audit import RunFact, TickFact
from macropod_server.domain.task import TaskKind

_IN_ONE_MOMENT = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
_FIRST_ATTEMPT = (col(Run.attempt) == 1, col(Run.rerun_of).is_(None))


@contextmanager
def snapshot(database: Database) -> Iterator[Session]:
    """What is changed meanwhile is not seen, and nobody is held up. On SQLite every reading is like that."""
    with database.read() as session:
        if not database.is_sqlite:
            session.connection(execution_options=_IN_ONE_MOMENT)
        yield session


def scheduled_tasks(session: Session) -> list[Task]:
    return list(session.exec(select(Task).where(col(Task.kind) == TaskKind.RUN_SCHEDULED).order_by(col(Task.id))))


def ticks(session: Session, task_ids: Collection[str], start: datetime, end: datetime) -> dict[str, list[TickFact]]:
    """Those due in the span, by task."""
    columns = select_columns(
        col(Tick.task_id), col(Tick.due_at), type_coerce(col(Tick.outcome), String), col(Tick.run_id), col(Tick.reason)
    ).where(col(Tick.task_id).in_(task_ids), col(Tick.due_at).between(start, end))
    found: dict[str, list[TickFact]] = {}
    for task_id, due_at, outcome, run_id, reason in session.execute(columns):
        found.setdefault(task_id, []).append(TickFact(due_at, outcome, run_id, reason))
    return found


def first_attempts(
    session: Session, task_ids: Collection[str], start: datetime, end: datetime
) -> dict[str, list[RunFact]]:
    """Runs that were made for a due moment of the span, by task; neither retries nor reruns."""
    columns = select_columns(col(Run.task_id), col(Run.id), col(Run.due_at)).where(
        col(Run.task_id).in_(task_ids), col(Run.due_at).between(start, end), *_FIRST_ATTEMPT
    )
    found: dict[str, list[RunFact]] = {}
    for task_id, run_id, due_at in session.execute(columns):
        found.setdefault(task_id, []).append(RunFact(run_id, due_at))
    return found


def runs_without_schedule(session: Session, start: datetime, end: datetime) -> list[tuple[str, RunFact]]:
    """Runs for a due moment of the span whose task has no due moments, with the task's id."""
    columns = (
        select_columns(col(Run.task_id), col(Run.id), col(Run.due_at))
        .outerjoin(Task, col(Task.id) == col(Run.task_id))
        .where(col(Run.due_at).between(start, end), *_FIRST_ATTEMPT)
        .where(or_(col(Task.id).is_(None), col(Task.kind) != TaskKind.RUN_SCHEDULED))
    )
    return [(task_id or "-", RunFact(run_id, due_at)) for task_id, run_id, due_at in session.execute(columns)]


def count_and_oldest(session: Session, task_id: str) -> tuple[int, datetime | None]:
    """How many ticks there are of a task, and the moment of the oldest."""
    columns = select_columns(func.count(), func.min(Tick.due_at)).where(col(Tick.task_id) == task_id)
    count, oldest = session.execute(columns).one()
    return count, oldest


def newest(session: Session, task_id: str) -> datetime | None:
    return session.exec(select(func.max(Tick.due_at)).where(col(Tick.task_id) == task_id)).one()
