"""Tasks in the database."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, func, or_, select, update

from macropod_server.db import locks, pauses, runs
from macropod_server.db.paging import newest_first
from macropod_server.db.tables import Run, Task
from macropod_server.db.tables.tasks import IS_IN_CRASH_LOOP, IS_TO_SETTLE
from macropod_server.domain.errors import NotFound
from macropod_server.domain.failures import BY_ITSELF, failures_after, why_paused
from macropod_server.domain.run import Cause, Reason, RunStatus, is_final
from macropod_server.domain.task import UNKNOWN_RUN_STATUS, TaskKind, TaskStatus


def get(session: Session, task_id: str, *, workspace_id: int | None = None, locked: bool = False) -> Task:
    """`locked`: as it is now, and no one else's to change until the transaction ends."""
    task = session.get(Task, task_id, with_for_update=locks.ROW if locked else None, populate_existing=locked)
    if task is None or workspace_id not in (None, task.workspace_id):
        raise NotFound.named("task", task_id)
    return task


def hold_run(session: Session, run_id: str) -> tuple[Run, Task | None]:
    """A run and its task as they are now, and no one else's to change until the transaction ends.

    The task is locked first, here and wherever both are, so that no two transactions wait for each other.
    """
    task_id = runs.get(session, run_id).task_id
    task = get(session, task_id, locked=True) if task_id else None
    return runs.get(session, run_id, locked=True), task


def of_runs(session: Session, found: Collection[Run]) -> list[Task]:
    task_ids = {run.task_id for run in found if run.task_id}
    return list(session.exec(select(Task).where(col(Task.id).in_(task_ids)))) if task_ids else []


def names(session: Session, task_ids: Collection[str]) -> dict[str, str]:
    """The name of each task by its id."""
    return dict(session.exec(select(Task.id, Task.name).where(col(Task.id).in_(task_ids))).all())


def find(
    session: Session,
    workspace_id: int,
    *,
    killed: bool = False,
    orchestration_id: str | None = None,
    limit: int,
    before: str | None = None,
) -> list[Task]:
    """Newest `updated_at` first. `killed` keeps only killed tasks; otherwise all are listed."""
    query = select(Task).where(col(Task.workspace_id) == workspace_id)
    if killed:
        query = query.where(col(Task.status) == TaskStatus.KILLED)
    if orchestration_id:
        query = query.where(col(Task.orchestration_id) == orchestration_id)
    return list(session.exec(newest_first(query, Task, "updated_at", limit=limit, before=before)))


def active_of(session: Session, orchestration_id: str, *, locked: bool = False) -> list[Task]:
    """Tasks of this orchestration that may still start or run something. `locked`: as they are now, no one else's."""
    is_active = or_(col(Task.active).is_(True), col(Task.status) == TaskStatus.PENDING_KILL)
    query = select(Task).where(col(Task.orchestration_id) == orchestration_id, is_active).order_by(col(Task.created_at))
    if locked:
        query = query.with_for_update(key_share=True)
    return list(session.exec(query, execution_options={"populate_existing": locked}))


def due(session: Session, now: datetime, *, limit: int) -> list[Task]:
    """Those due last come first: after an outage what is due now does not wait for all that was missed."""
    query = select(Task).where(col(Task.next_due_at) <= now).order_by(col(Task.next_due_at).desc()).limit(limit)
    return list(session.exec(query.with_for_update(skip_locked=True)))


def note_ticks(session: Session, facts: Sequence[dict[str, Any]]) -> None:
    """Store each task's next due moment and newest run; `facts` name the task by `id`."""
    if facts:
        session.execute(update(Task), list(facts))


def first_due_at(session: Session) -> datetime | None:
    return session.exec(select(func.min(Task.next_due_at)).where(col(Task.next_due_at).is_not(None))).one()


def to_settle(session: Session, *, limit: int) -> list[Task]:
    """Tasks whose kill was asked for and that have nothing left to be stopped."""
    unfinished = select(Run.id).where(col(Run.task_id) == col(Task.id), *runs.is_unfinished())
    query = select(Task).where(IS_TO_SETTLE, ~unfinished.exists()).limit(limit)
    return list(session.exec(query.with_for_update(skip_locked=True, key_share=True)))


def waiting_for(session: Session, orchestration_id: str) -> list[Task]:
    """Tasks that cannot begin before this orchestration is packaged, locked; also those that are paused meanwhile."""
    waits = col(Task.status).in_((TaskStatus.PENDING, TaskStatus.PAUSED))
    query = select(Task).where(col(Task.orchestration_id) == orchestration_id, waits)
    held = query.order_by(col(Task.id)).with_for_update(key_share=True)
    return list(session.exec(held, execution_options={"populate_existing": True}))


def note_killed(session: Session, task: Task, *, now: datetime) -> None:
    last = session.get(Run, task.last_run_id) if task.last_run_id else None
    task.last_run_status = last.status.value if last else UNKNOWN_RUN_STATUS
    task.status, task.updated_at = TaskStatus.KILLED, now
    session.add(task)


def put_aside(session: Session, task_id: str, *, now: datetime) -> None:
    """A task that the engine cannot handle: it is failed and has no due moments any more."""
    task = get(session, task_id)
    task.status, task.active, task.next_due_at, task.updated_at = TaskStatus.FAILED, False, None, now
    session.add(task)


def settled(session: Session, *, started_before: datetime) -> list[Task]:
    """Tasks in a crash loop, locked, whose run has gone on since then."""
    runs_on = (col(Run.id) == col(Task.last_run_id), col(Run.status) == RunStatus.RUNNING)
    has_settled = select(Run.id).where(*runs_on, col(Run.started_at) <= started_before).exists()
    query = select(Task).where(IS_IN_CRASH_LOOP, has_settled)
    return list(session.exec(query.with_for_update(skip_locked=True, key_share=True)))


def note_run(session: Session, run: Run, task: Task | None, *, following: Run | None = None, now: datetime) -> None:
    """Let the locked task tell what became of its run: the newest one's status, and if anything is still to come.

    `following` was made with the end of this run, and stands for it from then on.
    """
    if task is None:
        return
    if task.last_run_id == run.id:
        newest = following or run
        task.last_run_id, task.last_run_status = newest.id, newest.status.value
    is_done = is_final(run.status) and not runs.has_unfinished(session, task_id=task.id)
    if task.status is TaskStatus.PENDING:
        task.status = TaskStatus.STARTED
    if is_done and _has_nothing_to_come(session, task):
        task.active = False
    if is_final(run.status) and (following is None or following.cause is not Cause.RETRY):
        _count_failures(task, run, now=now)
    if task.status is TaskStatus.PENDING_KILL and is_done:
        task.status = TaskStatus.KILLED
    task.updated_at = now
    session.add(task)


def note_wanted(session: Session, task: Task, run: Run, *, now: datetime) -> None:
    """Somebody asked for this run: it is the newest one of the locked task, which something is to come of now."""
    task.last_run_id, task.last_run_status = run.id, run.status.value
    task.active, task.updated_at = True, now
    session.add(task)


def end_queued(
    session: Session, task: Task, waiting: Collection[Run], reason: Reason, *, now: datetime, message: str, **facts: Any
) -> None:
    """End these runs of the locked task, which wait and after which nothing follows, and let the task tell of it."""
    ended = runs.end_queued(session, [run.id for run in waiting], reason, now=now, message=message, **facts)
    if ended:
        newest = next((run for run in ended if run.id == task.last_run_id), ended[-1])
        note_run(session, newest, task, now=now)


def _has_nothing_to_come(session: Session, task: Task) -> bool:
    """Of a plan that ended in a pause, its own or its workspace's, the policy may still run something afterwards."""
    if task.kind is not TaskKind.RUN_SCHEDULED:
        return task.kind is TaskKind.RUN_ONCE
    may_go_on = task.next_due_at is not None or task.status is TaskStatus.PAUSED
    return not may_go_on and not pauses.is_paused(session, task.workspace_id)


def _count_failures(task: Task, run: Run, *, now: datetime) -> None:
    task.failures_in_a_row = failures_after(task.failures_in_a_row, run.status)
    why = why_paused(task.failures_in_a_row, task.pause_after_failures, message=run.message)
    if why and task.active and task.status is TaskStatus.STARTED:
        task.status, task.paused_at, task.paused_by, task.pause_reason = TaskStatus.PAUSED, now, BY_ITSELF, why
