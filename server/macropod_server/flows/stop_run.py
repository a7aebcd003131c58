"""Kill: the schedule stops at once, runs are asked to stop, then made to; when none is left the task is killed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlmodel import Session

from macropod_server.db import runs, tasks
from macropod_server.db.tables import Run, Task
from macropod_server.deps import Deps
from macropod_server.domain.run import Reason, RunStatus, is_final
from macropod_server.domain.task import TaskStatus
from macropod_server.flows.finish_run import Ending, finish_run, record_end
from macropod_server.flows.put_off import putting_off
from macropod_server.flows.side_by_side import side_by_side
from macropod_server.flows.time_limits import STOP, grace_seconds

log = structlog.get_logger()

_MARGIN = timedelta(seconds=5)
"""How much longer than its grace a runner may take to stop its program before the container is removed."""

_BATCH = 100

_NOT_STARTED = "The run was stopped before it started."


def kill_task(deps: Deps, task_id: str, *, workspace_id: int, now: datetime, requested_by: str | None = None) -> Task:
    """Once this returns nothing of the task starts any more. Killing a killed task changes nothing."""
    with deps.database.write() as session:
        task = tasks.get(session, task_id, workspace_id=workspace_id, locked=True)
        if task.status in (TaskStatus.KILLED, TaskStatus.PENDING_KILL):
            return task
        task.status, task.active = TaskStatus.PENDING_KILL, False
        if task.next_due_at is not None and task.next_due_at > now:
            task.next_due_at = None  # What was due before and not yet found is noted in its turn.
        task.kill_asked_at, task.kill_asked_by, task.updated_at = now, requested_by, now
        session.add(task)
        held = runs.hold_unfinished(session, task.id)
        _stop_all(session, held, task, now=now, requested_by=requested_by)
    log.info("task_kill_asked", task_id=task.id, runs=len(held))
    _tell(deps, *(run.id for run in held))
    return task


def kill_run(deps: Deps, run_id: str, *, workspace_id: int, now: datetime, requested_by: str | None = None) -> Run:
    """The task goes on: what is due starts, and a continuous task runs again. An ended run stays as it is."""
    with deps.database.write() as session:
        runs.get(session, run_id, workspace_id=workspace_id)
        run, task = tasks.hold_run(session, run_id)
        if is_final(run.status):
            return run
        _ask_to_stop(session, run, task, now=now, requested_by=requested_by)
        session.flush()
        session.refresh(run)
    log.info("run_kill_asked", run_id=run.id, task_id=run.task_id)
    _tell(deps, run.id)
    return run


def _tell(deps: Deps, *asked: str) -> None:
    for run_id in asked:
        deps.signals.ring(run_id)
    deps.signals.wake("stop_run", "start_run", "clean_up", "enqueue_due")


def _stop_all(session: Session, held: Sequence[Run], task: Task, *, now: datetime, requested_by: str | None) -> None:
    """Nothing follows from the ends of those that wait, for the task is killed: they end together."""
    waiting = [run for run in held if run.status is RunStatus.QUEUED]
    started = [run for run in held if run.status is not RunStatus.QUEUED]
    for run in started:
        _ask_to_stop(session, run, task, now=now, requested_by=requested_by)
    asked = _asked(now, requested_by)
    tasks.end_queued(session, task, waiting, Reason.KILL_REQUESTED, now=now, message=_NOT_STARTED, **asked)


def _ask_to_stop(session: Session, run: Run, task: Task | None, *, now: datetime, requested_by: str | None) -> None:
    """Who asked first, and why, stays noted."""
    asked = _asked(now, requested_by)
    if run.status is RunStatus.QUEUED:
        record_end(session, run, task, Ending(Reason.KILL_REQUESTED, _NOT_STARTED), now=now, **asked)
    elif run.stop_requested_at is None:
        runs.note(session, run.id, **asked)


def _asked(now: datetime, requested_by: str | None) -> dict[str, Any]:
    return {"stop_requested_at": now, "stop_requested_by": requested_by, "stop_reason": Reason.KILL_REQUESTED}


def settle_kills(deps: Deps) -> bool:
    """Tasks whose last run has ended are killed; True when there may be more."""
    now = deps.clock()
    settled = False
    with deps.database.write() as session:
        for task in tasks.to_settle(session, limit=_BATCH):
            tasks.note_killed(session, task, now=now)
            settled = True
    return settled


def force_stop(deps: Deps) -> None:
    """End containers of runs whose runner did not stop them in time, counted from when this process saw it asked."""
    now = deps.clock()
    with deps.database.read() as session:
        asked = runs.to_stop(session, spawner=deps.spawner.name)
        graces = {task.id: grace_seconds(deps, task) for task in tasks.of_runs(session, asked)}
    lasted = deps.stopwatch.all_seen(STOP, [run.id for run in asked])

    def grace_of(run: Run) -> timedelta:
        return timedelta(seconds=graces.get(run.task_id or "", deps.settings.grace_seconds))

    late = [run for run in asked if lasted[run.id] > grace_of(run) + _MARGIN and not _is_put_off(run, now=now)]
    side_by_side(lambda run: _end_safely(deps, run, grace=grace_of(run), now=now), late)


def _is_put_off(run: Run, *, now: datetime) -> bool:
    return run.put_off_until is not None and now < run.put_off_until <= now + runs.LONGEST_TROUBLE


def _end_safely(deps: Deps, run: Run, *, grace: timedelta, now: datetime) -> None:
    with putting_off(deps, run):
        _end_container(deps, run, grace=grace, now=now)


def _end_container(deps: Deps, run: Run, *, grace: timedelta, now: datetime) -> None:
    """A runner that has not called since cannot have told main.py: then it has its grace now."""
    asked_at, contact_at = run.stop_requested_at, run.contact_at
    has_heard = asked_at is not None and contact_at is not None and contact_at > asked_at
    deps.spawner.remove(run.id, grace=timedelta(0) if has_heard else grace)
    message = "The run did not stop when asked, so its container was ended."
    finish_run(deps, run.id, Ending(Reason.KILL_REQUESTED, message), now=now, seen=run)


def stop_runs(deps: Deps) -> bool:
    is_settled = settle_kills(deps)
    force_stop(deps)
    return is_settled
