"""Make a task: run once now, at every due moment of a schedule, or again and again."""

from datetime import datetime

import structlog

from macropod_server.db import idempotency, orchestrations, runs, tasks
from macropod_server.db.tables import Orchestration, Run, Task
from macropod_server.deps import Deps
from macropod_server.domain.arguments import check_arguments
from macropod_server.domain.errors import Conflict, Invalid
from macropod_server.domain.naming import new_id
from macropod_server.domain.retry import check_retry_on
from macropod_server.domain.schedule import Plan, first_due, read_plan
from macropod_server.domain.secret_wish import wanted_files, wanted_variables
from macropod_server.domain.task import OrchestrationStatus, TaskKind, TaskStatus
from macropod_server.flows.allot_resources import check_resources
from macropod_server.flows.check_secrets import check_secrets
from macropod_server.flows.task_plan import PLAN_FIELDS, plan_of
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
    owner_id: str | None = None,
    by_run: str | None = None,
) -> Task:
    """`by_run`: the run that asks, which names no secret that it was not given itself."""
    plan = _plan(wish, now=now)
    retry_on = _retry_on(wish)
    check_arguments(wish.json_args, max_bytes=deps.settings.arguments_max_bytes)
    check_resources(deps, wish)
    fingerprint = wish.fingerprint
    with deps.database.write() as session:
        if made := idempotency.made_before(session, workspace_id, idempotency_key, fingerprint=fingerprint):
            return tasks.get(session, made, workspace_id=workspace_id)
        orchestration = orchestrations.get(session, wish.orchestration_id, workspace_id=workspace_id, locked=True)
        _check_usable(orchestration)
        check_secrets(session, wish, workspace_id=workspace_id, by_run=by_run)
        task = _task(wish, orchestration, plan, retry_on=retry_on, requested_by=requested_by, now=now)
        task.owner_id = owner_id
        first = Run.of_task(task, id=new_id(), requested_by=requested_by, now=now) if plan is None else None
        task.last_run_id = first.id if first else None
        session.add(task)
        session.flush()
        if first:
            runs.add(session, [first])
        idempotency.remember(session, workspace_id, idempotency_key, fingerprint=fingerprint, made_id=task.id, now=now)
    log.info("task_created", task_id=task.id, kind=task.kind.value, orchestration_id=task.orchestration_id)
    deps.signals.wake("start_run" if plan is None else "enqueue_due")
    return task


def _task(
    wish: TaskWish,
    orchestration: Orchestration,
    plan: Plan | None,
    *,
    retry_on: list[str],
    requested_by: str | None,
    now: datetime,
) -> Task:
    is_armed = plan is not None and orchestration.status is OrchestrationStatus.READY
    stored = vars(wish) | {
        "schedule": plan.text if plan else None,
        "timezone": plan.timezone if plan else None,
        "excluded_dates": sorted({day.isoformat() for day in wish.excluded_dates}),
        "retry_on": retry_on,
        "locks": sorted(set(wish.locks)),
        "secrets": wanted_variables(wish.secrets),
        "secret_files": wanted_files(wish.secret_files),
    }
    task = Task(
        **stored,
        id=new_id(),
        workspace_id=orchestration.workspace_id,
        status=TaskStatus.STARTED if is_armed else TaskStatus.PENDING,
        created_by=requested_by,
        created_at=now,
        updated_at=now,
    )
    # Its id shifts its moments; that is why they are reckoned last.
    task.next_due_at = first_due(plan_of(task), now) if plan else None
    return task


def _plan(wish: TaskWish, *, now: datetime) -> Plan | None:
    if wish.kind is TaskKind.RUN_SCHEDULED:
        return read_plan(
            wish.schedule,
            every_seconds=wish.every_seconds,
            timezone=wish.timezone,
            starts_at=wish.starts_at,
            ends_at=wish.ends_at,
            excluded_dates=wish.excluded_dates,
            jitter_seconds=wish.jitter_seconds,
            created_at=now,
        )
    for name in PLAN_FIELDS:
        if getattr(wish, name) not in (None, (), [], 0):
            raise Invalid.field(name, f"{name} is only for a task that runs on a schedule; this one is {wish.kind}.")
    return None


def _retry_on(wish: TaskWish) -> list[str]:
    if wish.kind is TaskKind.RUN_CONTINUOUSLY and (wish.retries or wish.retry_on):
        raise Invalid.field("retries", "A task that runs continuously takes no retries: it is run again in any case.")
    return check_retry_on(wish.retry_on, retries=wish.retries)


def _check_usable(orchestration: Orchestration) -> None:
    if orchestration.status is OrchestrationStatus.ERROR:
        raise Conflict(
            f"Orchestration {orchestration.id} cannot run: its packaging failed ({orchestration.message}). "
            "Mend its requirements and upload it again."
        )
