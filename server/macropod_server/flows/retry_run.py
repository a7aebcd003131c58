"""Make the next attempt of a run that has just ended. Every attempt is a run of its own, with its own log."""

from datetime import datetime

import structlog
from sqlmodel import Session

from macropod_server.db import orchestrations, runs
from macropod_server.db.tables import Run, Task
from macropod_server.domain.naming import new_id
from macropod_server.domain.retry import End, Wish, delay_before_next
from macropod_server.domain.run import Cause, RunKind
from macropod_server.domain.task import OVER, TaskKind

log = structlog.get_logger()


def retry_run(session: Session, run: Run, task: Task | None, *, now: datetime) -> Run | None:
    """None when it is not tried again. Of a paused task it is made, and waits."""
    if task is not None and (task.status in OVER or task.kind is TaskKind.RUN_CONTINUOUSLY):
        return None
    ends = [_end(attempt) for attempt in runs.attempts(session, run)]
    delay = delay_before_next(_wish(task), ends, attempt=run.attempt, run_id=run.id)
    if delay is None:
        return None
    attempt = _next_attempt(session, run, task, now=now)
    attempt.put_off_until = now + delay
    runs.add(session, [attempt])
    log.info("run_retried", run_id=run.id, next_run_id=attempt.id, attempt=attempt.attempt, seconds=delay.seconds)
    return attempt


def _next_attempt(session: Session, run: Run, task: Task | None, *, now: datetime) -> Run:
    facts = {
        "requested_by": run.requested_by,
        "first_run_id": run.first_run_id or run.id,
        "rerun_of": run.rerun_of,
        "attempt": run.attempt + 1,
        "due_at": run.due_at,
    }
    if task is not None:
        return Run.of_task(task, id=new_id(), cause=Cause.RETRY, now=now, **facts)
    orchestration = orchestrations.get(session, run.orchestration_id, locked=True)
    attempt = Run.of_packaging(orchestration, id=new_id(), now=now, **facts)
    orchestration.packaging_run_id, orchestration.updated_at = attempt.id, now
    session.add(orchestration)
    return attempt


def _wish(task: Task | None) -> Wish:
    return Wish(task.retries, tuple(task.retry_on), task.retry_delay_seconds) if task else Wish()


def _end(run: Run) -> End:
    assert run.reason is not None
    is_packaging = run.kind is RunKind.PACKAGING
    return End(run.status, run.reason, run.exit_code, may_begin_anew=is_packaging or run.started_at is None)
