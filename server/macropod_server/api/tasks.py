"""Make, list, read and kill tasks."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Response

from macropod_server.api.access import DepsDep, MayEnd, MayRead, MayRun, Now
from macropod_server.api.runs import told
from macropod_server.api.schemas import PauseIn, RunOut
from macropod_server.api.task_schemas import TaskIn, TaskOut, TaskPage
from macropod_server.db import tasks
from macropod_server.db.paging import next_place
from macropod_server.flows.create_task import create_task
from macropod_server.flows.pause_task import pause_task, resume_task
from macropod_server.flows.run_now import run_now
from macropod_server.flows.stop_run import kill_task
from macropod_server.flows.task_wish import TaskWish

router = APIRouter(prefix="/v1/tasks", tags=["tasks"])


@router.post("", status_code=201)
def create(
    wish: TaskIn,
    deps: DepsDep,
    caller: MayRun,
    now: Now,
    idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
) -> TaskOut:
    """Run an orchestration once now, or at every due moment of a schedule."""
    made = create_task(
        deps,
        TaskWish(**dict(wish)),
        workspace_id=caller.workspace_id,
        requested_by=caller.name,
        owner_id=caller.user_id,
        by_run=caller.run_id,
        idempotency_key=idempotency_key,
        now=now,
    )
    return TaskOut.of(made)


@router.get("")
def list_tasks(
    deps: DepsDep,
    caller: MayRead,
    killed: Annotated[bool, Query(description="true: only killed tasks; false: all")] = False,
    orchestration_id: str | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    before: str | None = None,
) -> TaskPage:
    """Newest `updated_at` first."""
    with deps.database.read() as session:
        found = tasks.find(
            session,
            caller.workspace_id,
            killed=killed,
            orchestration_id=orchestration_id,
            limit=limit,
            before=before,
        )
    return TaskPage(
        items=[TaskOut.of(task) for task in found], next_before=next_place(found, "updated_at", limit=limit)
    )


@router.get("/{task_id}")
def show(task_id: str, deps: DepsDep, caller: MayRead) -> TaskOut:
    with deps.database.read() as session:
        return TaskOut.of(tasks.get(session, task_id, workspace_id=caller.workspace_id))


@router.post("/{task_id}/kill", status_code=202)
def kill(task_id: str, deps: DepsDep, caller: MayEnd, now: Now) -> TaskOut:
    """Stop the schedule and every run of the task. Harmless when it is killed already."""
    return TaskOut.of(kill_task(deps, task_id, workspace_id=caller.workspace_id, requested_by=caller.name, now=now))


@router.post("/{task_id}/run", status_code=201)
def run(
    task_id: str,
    deps: DepsDep,
    caller: MayRun,
    now: Now,
    response: Response,
    idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
) -> RunOut:
    """Run a scheduled task once now. 200 with the run that waits already, where it stands for this one too."""
    ordered = run_now(
        deps,
        task_id,
        workspace_id=caller.workspace_id,
        idempotency_key=idempotency_key,
        requested_by=caller.name,
        now=now,
    )
    response.status_code = 201 if ordered.is_new else 200
    with deps.database.read() as session:
        return told(deps, session, ordered.run)


@router.post("/{task_id}/pause")
def pause(task_id: str, deps: DepsDep, caller: MayRun, now: Now, wish: PauseIn | None = None) -> TaskOut:
    """Start nothing more of the task; what runs goes on. Harmless when it is paused already."""
    paused = pause_task(
        deps,
        task_id,
        workspace_id=caller.workspace_id,
        reason=wish.reason if wish else None,
        requested_by=caller.name,
        now=now,
    )
    return TaskOut.of(paused)


@router.post("/{task_id}/resume")
def resume(task_id: str, deps: DepsDep, caller: MayRun, now: Now) -> TaskOut:
    """Let it start again, also what passed meanwhile and still runs late. Harmless when it is not paused."""
    resumed = resume_task(deps, task_id, workspace_id=caller.workspace_id, requested_by=caller.name, now=now)
    return TaskOut.of(resumed)
