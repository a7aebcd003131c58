"""Kill: the schedule stops at once, runs are asked to stop, then made to; when none is left the task is killed."""

from datetime import datetime, timedelta

import structlog
from sqlmodel import Session

from macropod_server.db import runs, tasks
from macropod_server.db.tables import Run, Task
from macropod_server.deps import Deps
from macropod_server.domain.run import Reason, RunStatus
from macropod_server.domain.task import TaskStatus
from macropod_server.flows.finish_run import Ending, finish_run
from macropod_server.flows.put_off import putting_off

log = structlog.get_logger()

_MARGIN = timedelta(seconds=5)
"""How much longer than its grace a runner may take to stop its program before the container is removed."""

_BATCH = 100


def kill_task(deps: Deps, task_id: str, *, workspace_id: int, now: datetime, requested_by: str | None = None) -> Task:
    """Once this returns nothing of the task starts any more. Killing a killed task changes nothing."""
    with deps.database.write() as session:
        task = tasks.get(session, task_id, workspace_id=workspace_id, locked=True)
        if task.status in (TaskStatus.KILLED, TaskStatus.PENDING_KILL):
            return task
        task.status, task.active, task.next_due_at = TaskStatus.PENDING_KILL, False, None
        task.kill_asked_at, task.kill_asked_by, task.updated_at = now, requested_by, now
        session.add(task)
        asked = [
            _ask_to_stop(session, run, now=now, requested_by=requested_by)
            for run in runs.hold_unfinished(session, task.id)
        ]
    log.info("task_kill_asked", task_id=task.id, runs=len(asked))
    for run_id in asked:
        deps.signals.ring(run_id)
    deps.signals.wake("stop_run")
    return task


def _ask_to_stop(session: Session, run: Run, *, now: datetime, requested_by: str | None) -> str:
    if run.status is RunStatus.QUEUED:
        message = "The run was stopped before it started."
        runs.advance(
            session,
            run,
            RunStatus.KILLED,
            now=now,
            reason=Reason.KILL_REQUESTED,
            message=message,
            stop_requested_by=requested_by,
            # A run that was put back may have a container all the same.
            removed_at=None if run.delayed_since else now,
        )
    else:
        runs.note(session, run.id, stop_requested_at=now, stop_requested_by=requested_by)
    return run.id


def settle_kills(deps: Deps) -> bool:
    """Tasks whose last run has ended are killed; True when there may be more."""
    now = deps.clock()
    settled = False
    with deps.database.write() as session:
        for task in tasks.to_settle(session, limit=_BATCH):
            tasks.note_killed(session, task, now=now)
            settled = True
    return settled


def force_stop(deps: Deps) -> bool:
    """End containers of runs whose runner did not stop them in time; True when there may be more."""
    now = deps.clock()
    patience = timedelta(seconds=deps.settings.grace_seconds) + _MARGIN
    with deps.database.read() as session:
        overdue = runs.stop_overdue(session, asked_before=now - patience, now=now, limit=_BATCH)
    message = "The run did not stop when asked, so its container was ended."
    for run in overdue:
        with putting_off(deps, run, now=now):
            deps.spawner.remove(run.id, grace=timedelta(0))
            finish_run(deps, run.id, Ending(Reason.KILL_REQUESTED, message), now=now)
    return len(overdue) == _BATCH


def renew_stops(deps: Deps) -> None:
    """After the server was away runners may hear only now that they are to stop; their time begins anew."""
    with deps.database.write() as session:
        runs.renew_stops(session, now=deps.clock())


def stop_runs(deps: Deps) -> bool:
    return any([settle_kills(deps), force_stop(deps)])
