"""Make a task: run once now, or at every due moment of a schedule."""

from datetime import datetime

import structlog

from macropod_server.db import idempotency, orchestrations, runs, tasks
from macropod_server.db.tables import Orchestration, Run, Task
from macropod_server.deps import Deps
from macropod_server.domain.arguments import check_arguments
from macropod_server.domain.errors import Conflict, Invalid
from macropod_server.domain.naming import new_id
from macropod_server.domain.schedule import Schedule, next_due, parse_schedule
from macropod_server.domain.task import OrchestrationStatus, TaskKind, TaskStatus
from macropod_server.flows.task_wish import TaskWish

log = structlog.get_logger()


def create_task(
    deps: Deps,
    wish: TaskWish,
    *,
    workspace_id: int,
    idempotency_key: str | None,
    now: datetime,
    requested_by: str | None = None,
) -> Task:
    schedule = _schedule(wish)
    check_arguments(wish.json_args, max_bytes=deps.settings.arguments_max_bytes)
    fingerprint = wish.fingerprint
    with deps.database.write() as session:
        if made := idempotency.made_before(session, workspace_id, idempotency_key, fingerprint=fingerprint):
            return tasks.get(session, made, workspace_id=workspace_id)
        orchestration = orchestrations.get(session, wish.orchestration_id, workspace_id=workspace_id, locked=True)
        _check_usable(orchestration)
        task = _task(wish, orchestration, schedule, requested_by=requested_by, now=now)
        first = Run.of_task(task, id=new_id(), requested_by=requested_by, now=now) if schedule is None else None
        task.last_run_id = first.id if first else None
        session.add(task)
        session.flush()
        if first:
            runs.add(session, [first])
        idempotency.remember(session, workspace_id, idempotency_key, fingerprint=fingerprint, made_id=task.id, now=now)
    log.info("task_created", task_id=task.id, kind=task.kind.value, orchestration_id=task.orchestration_id)
    deps.signals.wake("start_run" if schedule is None else "enqueue_due")
    return task


def _task(
    wish: TaskWish, orchestration: Orchestration, schedule: Schedule | None, *, requested_by: str | None, now: datetime
) -> Task:
    is_armed = schedule is not None and orchestration.status is OrchestrationStatus.READY
    stored = vars(wish) | {
        "schedule": schedule.text if schedule else None,
        "timezone": schedule.timezone if schedule else None,
        "excluded_dates": [day.isoformat() for day in wish.excluded_dates],
        "retry_on": [str(each) for each in wish.retry_on],
        "locks": sorted(set(wish.locks)),
    }
    return Task(
        **stored,
        id=new_id(),
        workspace_id=orchestration.workspace_id,
        status=TaskStatus.STARTED if is_armed else TaskStatus.PENDING,
        next_due_at=next_due(schedule, now) if schedule else None,
        created_by=requested_by,
        created_at=now,
        updated_at=now,
    )


def _schedule(wish: TaskWish) -> Schedule | None:
    if wish.kind is TaskKind.RUN_SCHEDULED:
        if wish.schedule is None:
            raise Invalid.field("schedule", "A scheduled task needs a schedule, for example '0 2 * * *'.")
        return parse_schedule(wish.schedule, timezone=wish.timezone)
    if wish.schedule is not None or wish.timezone is not None:
        raise Invalid.field("schedule", "A task that runs once takes no schedule and no timezone.")
    return None


def _check_usable(orchestration: Orchestration) -> None:
    if orchestration.status is OrchestrationStatus.ERROR:
        raise Conflict(
            f"Orchestration {orchestration.id} cannot run: its packaging failed ({orchestration.message}). "
            "Mend its requirements and upload it again."
        )
