"""The objects of the vendor's answers. Each field a client reads is there, and none is null that it takes for given."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from sqlmodel import Session

from macropod_server.db import accounts
from macropod_server.db.tables import Orchestration, Run, Task, Workspace
from macropod_server.domain.task import TaskStatus
from macropod_server.wallaroo_api.statuses import RUN_TYPE, run_status, task_status


class Made(BaseModel):
    id: str


def first_admin_id(session: Session) -> str:
    """Whose is what was made before there were users."""
    admin = accounts.first_admin(session)
    return admin.id if admin else ""


class OrchestrationShape(BaseModel):
    id: str
    workspace_id: int
    name: str | None
    sha: str
    file_name: str
    file_size: int
    owner_id: str
    status: str
    image_path: str = ""
    task_id: None = None
    created_by: str
    created_on_version: None = None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, orchestration: Orchestration, *, first_admin: str) -> "OrchestrationShape":
        owner_id = orchestration.owner_id or first_admin
        return cls(
            id=orchestration.id,
            workspace_id=orchestration.workspace_id,
            name=orchestration.name,
            sha=orchestration.sha256,
            file_name=orchestration.file_name or "-",
            file_size=orchestration.size_bytes,
            owner_id=owner_id,
            status=orchestration.status.value,
            created_by=owner_id,
            created_at=orchestration.created_at,
            updated_at=orchestration.updated_at,
        )


class LastRun(BaseModel):
    run_id: str
    status: str
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, run: Run) -> "LastRun":
        updated_at = run.ended_at or run.started_at or run.created_at
        return cls(run_id=run.id, status=run_status(run.status), created_at=run.created_at, updated_at=updated_at)


class RunShape(LastRun):
    task: str

    @classmethod
    def of(cls, run: Run) -> "RunShape":
        return cls(**dict(LastRun.of(run)), task=run.task_id or "")


class TaskShape(BaseModel):
    id: str
    workspace_id: int
    name: str
    status: str
    run_type: str
    schedule: str | None
    input_data: dict[str, Any]
    killed: bool
    last_runs: list[LastRun]
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, task: Task, newest: Sequence[Run]) -> "TaskShape":
        """`newest`: its newest listed runs, newest first. Told the other way round: clients read the last."""
        return cls(
            id=task.id,
            workspace_id=task.workspace_id,
            name=task.name,
            status=task_status(task),
            run_type=RUN_TYPE[task.kind],
            schedule=task.schedule or _interval(task),
            input_data=task.json_args,
            killed=task.status is TaskStatus.KILLED,
            last_runs=[LastRun.of(run) for run in reversed(newest)],
            created_at=task.created_at,
            updated_at=task.updated_at,
        )


def _interval(task: Task) -> str | None:
    return f"every {task.every_seconds} s" if task.every_seconds else None


class WorkspaceShape(BaseModel):
    id: int
    name: str
    archived: bool
    created_at: datetime
    created_by: str
    models: list[int] = []
    pipelines: list[int] = []

    @classmethod
    def of(cls, workspace: Workspace, *, first_admin: str) -> "WorkspaceShape":
        assert workspace.id is not None
        return cls(
            id=workspace.id,
            name=workspace.name,
            archived=workspace.archived_at is not None,
            created_at=workspace.created_at,
            created_by=workspace.created_by or first_admin,
        )
