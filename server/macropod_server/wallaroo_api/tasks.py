"""Make, list, read, pause and kill tasks."""

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlmodel import Session

from macropod_server.api.task_schemas import Seconds
from macropod_server.db import listed, orchestrations, tasks
from macropod_server.db.tables import Task
from macropod_server.domain.errors import Invalid
from macropod_server.domain.roles import Role
from macropod_server.domain.task import TaskKind
from macropod_server.domain.texts import check_name
from macropod_server.flows.create_task import create_task
from macropod_server.flows.pause_task import pause_task, resume_task
from macropod_server.flows.stop_run import kill_task
from macropod_server.flows.task_wish import TaskWish
from macropod_server.wallaroo_api.calling import Call, CallDep, WorkspaceId, note_about, note_action
from macropod_server.wallaroo_api.refusals import WallarooRoute
from macropod_server.wallaroo_api.shapes import Made, TaskShape
from macropod_server.wallaroo_api.statuses import SHOWN

router = APIRouter(prefix="/v1/api/task", tags=["tasks"], route_class=WallarooRoute)

MOST_LISTED = 1000
_USUAL_TIMEOUT = 900
"""What the vendor gives a run for which none was named."""

_CRON_FIELDS = 5

RunLimit = Annotated[int, Field(ge=1, le=100)]


class RunWish(BaseModel):
    orch_id: str
    workspace_id: WorkspaceId
    name: str | None = None
    json_args: dict[str, Any] | None = Field(default=None, alias="json")
    debug: bool | None = False


class LimitedRunWish(RunWish):
    timeout: Seconds | None = None


class ScheduledRunWish(LimitedRunWish):
    schedule: str


class ListWish(BaseModel):
    killed: bool | None = False
    workspace_id: WorkspaceId | None = None
    orch_id: str | None = None
    orch_sha: str | None = None
    run_limit: RunLimit | None = None


class ById(BaseModel):
    id: str
    run_limit: RunLimit | None = None


class PauseWish(BaseModel):
    id: str
    pause: bool


class BySha(BaseModel):
    sha: str


class Ids(BaseModel):
    ids: list[str]


@router.post("/run_once", status_code=201, name="create")
def run_once(wish: LimitedRunWish, call: CallDep) -> Made:
    return _make(call, wish, TaskKind.RUN_ONCE, timeout_seconds=wish.timeout or _USUAL_TIMEOUT)


@router.post("/run_scheduled", status_code=201, name="create")
def run_scheduled(wish: ScheduledRunWish, call: CallDep) -> Made:
    """Five cron fields, in UTC, and nothing else that schedules can be here."""
    if len(wish.schedule.split()) != _CRON_FIELDS:
        sentence = f"The schedule {wish.schedule[:100]!r} has not the five fields of cron, as in '0 2 * * *'."
        raise Invalid.field("schedule", sentence)
    timeout = wish.timeout or _USUAL_TIMEOUT
    return _make(call, wish, TaskKind.RUN_SCHEDULED, schedule=wish.schedule, timeout_seconds=timeout)


@router.post("/run_continuously", status_code=201, name="create")
def run_continuously(wish: RunWish, call: CallDep) -> Made:
    return _make(call, wish, TaskKind.RUN_CONTINUOUSLY)


def _make(call: Call, wish: RunWish, kind: TaskKind, **more: Any) -> Made:
    workspace_id = call.about(Role.RUNNER, orchestration_id=wish.orch_id).workspace_id
    note_about(workspace_id)
    order = TaskWish(
        orchestration_id=wish.orch_id,
        kind=kind,
        name=check_name("name", wish.name) if wish.name else _usual_name(call, wish.orch_id),
        json_args=wish.json_args or {},
        debug=bool(wish.debug),
        **more,
    )
    who = call.identity
    made = create_task(
        call.deps,
        order,
        workspace_id=workspace_id,
        idempotency_key=None,
        requested_by=who.name,
        owner_id=who.user_id,
        now=call.now,
    )
    return Made(id=made.id)


def _usual_name(call: Call, orchestration_id: str) -> str:
    """Every task has a name here: without one of its own, that of what it runs."""
    with call.deps.database.read() as session:
        orchestration = orchestrations.get(session, orchestration_id)
    return orchestration.name or orchestration.file_name or "task"


@router.post("/list")
def list_tasks(wish: ListWish, call: CallDep) -> list[TaskShape]:
    """Newest `updated_at` first. `killed`: only killed tasks; otherwise all are listed."""
    with call.deps.database.read() as session:
        wanted = [] if wish.workspace_id is None else [wish.workspace_id]
        found = listed.tasks(
            session,
            call.listed_workspaces(session, wanted),
            killed=bool(wish.killed),
            orchestration_ids=None if wish.orch_id is None else [wish.orch_id],
            sha256=wish.orch_sha,
            limit=MOST_LISTED,
        )
        return task_shapes(session, found, run_limit=wish.run_limit or 1)


@router.post("/get_by_id")
def get_by_id(wish: ById, call: CallDep) -> TaskShape:
    call.about(Role.VIEWER, task_id=wish.id)
    return _told(call, wish.id, run_limit=wish.run_limit or 1)


@router.post("/get_tasks_by_orch_sha")
def get_by_sha(wish: BySha, call: CallDep) -> Ids:
    with call.deps.database.read() as session:
        reached = call.listed_workspaces(session, [])
        found = listed.tasks(session, reached, sha256=wish.sha.lower(), limit=MOST_LISTED)
    return Ids(ids=[task.id for task in found])


@router.post("/kill", status_code=202)
def kill(wish: ById, call: CallDep) -> TaskShape:
    """Told as it is at once: `pending_kill` until its last run has ended."""
    caller = call.about(Role.RUNNER, is_end=True, task_id=wish.id)
    kill_task(call.deps, wish.id, workspace_id=caller.workspace_id, requested_by=caller.name, now=call.now)
    return _told(call, wish.id)


@router.post("/pause", status_code=202)
def pause(wish: PauseWish, call: CallDep) -> TaskShape:
    """Done when this returns, both ways."""
    caller = call.about(Role.RUNNER, task_id=wish.id)
    if not wish.pause:
        note_action("tasks.resume")
    change = partial(pause_task, reason=None) if wish.pause else resume_task
    change(call.deps, wish.id, workspace_id=caller.workspace_id, requested_by=caller.name, now=call.now)
    return _told(call, wish.id)


def _told(call: Call, task_id: str, *, run_limit: int = 1) -> TaskShape:
    with call.deps.database.read() as session:
        return task_shapes(session, [tasks.get(session, task_id)], run_limit=run_limit)[0]


def task_shapes(session: Session, found: list[Task], *, run_limit: int = 1) -> list[TaskShape]:
    """Each with so many of its newest runs."""
    if run_limit > 1:
        return [TaskShape.of(task, listed.newest_runs(session, task.id, SHOWN, limit=run_limit)) for task in found]
    newest = listed.newest_run_of_each(session, found, SHOWN)
    return [TaskShape.of(task, [newest[task.id]] if task.id in newest else []) for task in found]
