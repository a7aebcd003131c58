"""Make, list, read and kill tasks."""

from typing import Annotated

from fastapi import APIRouter, Header, Query

from macropod_server.api.access import CallerDep, DepsDep, Now
from macropod_server.api.task_schemas import TaskIn, TaskOut, TaskPage
from macropod_server.db import tasks
from macropod_server.db.paging import next_place
from macropod_server.flows.create_task import create_task
from macropod_server.flows.stop_run import kill_task
from macropod_server.flows.task_wish import TaskWish

router = APIRouter(prefix="/v1/tasks", tags=["tasks"])


@router.post("", status_code=201)
def create(
    wish: TaskIn,
    deps: DepsDep,
    caller: CallerDep,
    now: Now,
    idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
) -> TaskOut:
    """Run an orchestration once now, or at every due moment of a schedule."""
    made = create_task(
        deps,
        TaskWish(**dict(wish)),
        workspace_id=caller.workspace_id,
        requested_by=caller.name,
        idempotency_key=idempotency_key,
        now=now,
    )
    return TaskOut.of(made)


@router.get("")
def list_tasks(
    deps: DepsDep,
    caller: CallerDep,
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
def show(task_id: str, deps: DepsDep, caller: CallerDep) -> TaskOut:
    with deps.database.read() as session:
        return TaskOut.of(tasks.get(session, task_id, workspace_id=caller.workspace_id))


@router.post("/{task_id}/kill", status_code=202)
def kill(task_id: str, deps: DepsDep, caller: CallerDep, now: Now) -> TaskOut:
    """Stop the schedule and every run of the task. Harmless when it is killed already."""
    return TaskOut.of(kill_task(deps, task_id, workspace_id=caller.workspace_id, requested_by=caller.name, now=now))
