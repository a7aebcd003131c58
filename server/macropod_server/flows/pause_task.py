"""Pause a task: nothing of it starts, its ticks pass as rows; resumed, the policy for missed ticks is asked again."""

from datetime import datetime

import structlog

from macropod_server.db import orchestrations, pauses, tasks
from macropod_server.db.tables import Orchestration, Task
from macropod_server.deps import Deps
from macropod_server.domain.errors import Conflict
from macropod_server.domain.task import UNKNOWN_RUN_STATUS, OrchestrationStatus, TaskKind, TaskStatus
from macropod_server.flows.admit_run import tell
from macropod_server.flows.ask_again import ask_again, close

log = structlog.get_logger()

_STARTS = {TaskStatus.PENDING, TaskStatus.STARTED}


def pause_task(
    deps: Deps, task_id: str, *, workspace_id: int, reason: str | None, requested_by: str | None, now: datetime
) -> Task:
    """Runs that have started go on. Pausing a paused task changes nothing: who was first and why stays noted."""
    with deps.database.write() as session:
        task = tasks.get(session, task_id, workspace_id=workspace_id, locked=True)
        if task.status is TaskStatus.PAUSED:
            return task
        if task.status not in _STARTS or not task.active:
            how = f"is {task.status.value}" if task.status not in _STARTS else "has ended"
            raise Conflict(f"Task {task.name!r} ({task.id}) {how}; there is nothing to pause.")
        task.status, task.paused_at, task.updated_at = TaskStatus.PAUSED, now, now
        task.paused_by, task.pause_reason = requested_by, reason
        session.add(task)
    log.info("task_paused", task_id=task.id, by=requested_by)
    return task


def resume_task(deps: Deps, task_id: str, *, workspace_id: int, requested_by: str | None, now: datetime) -> Task:
    """Ticks that passed meanwhile run if the policy says so. Resuming a task that is not paused changes nothing."""
    with deps.database.write() as session:
        pauses.hold_still(session)
        known = tasks.get(session, task_id, workspace_id=workspace_id)
        orchestration = orchestrations.get(session, known.orchestration_id, locked=True)
        task = tasks.get(session, task_id, workspace_id=workspace_id, locked=True)
        if task.status in _STARTS:
            return task
        if task.status is not TaskStatus.PAUSED:
            raise Conflict(f"Task {task.name!r} ({task.id}) is {task.status.value}; it cannot be resumed.")
        task.status, task.updated_at, task.failures_in_a_row = _status(task, orchestration), now, 0
        task.paused_at = task.paused_by = task.pause_reason = None
        session.add(task)
        session.flush()
        asked = []
        # While its workspace is paused that is left to the end of this pause.
        if task.kind is TaskKind.RUN_SCHEDULED and not pauses.is_paused(session, workspace_id):
            asked = [*ask_again(session, [task], most_queued=deps.settings.max_queued_per_task, now=now)]
            close(session, [task] if task.next_due_at is None else [])
        session.flush()
        session.refresh(task)
    log.info("task_resumed", task_id=task.id, by=requested_by)
    tell(deps, asked)
    deps.signals.wake("start_run", "enqueue_due")
    return task


def _status(task: Task, orchestration: Orchestration) -> TaskStatus:
    """What it would be by now without the pause."""
    has_begun = task.kind is TaskKind.RUN_SCHEDULED or task.last_run_status != UNKNOWN_RUN_STATUS
    is_ready = orchestration.status is OrchestrationStatus.READY
    return TaskStatus.STARTED if is_ready and has_begun else TaskStatus.PENDING
