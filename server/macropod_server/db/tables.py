"""The tables: what is true. Only modules of this package read and write them."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, String, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from macropod_server.db.columns import UtcDateTime, Word
from macropod_server.domain.run import Reason, RunKind, RunStatus
from macropod_server.domain.task import (
    UNKNOWN_RUN_STATUS,
    EnvironmentStatus,
    OrchestrationStatus,
    TaskKind,
    TaskStatus,
    TickOutcome,
)

_Id = String(36)


def _instant(**options: Any) -> Any:
    return Field(sa_type=UtcDateTime, **options)


class Installation(SQLModel, table=True):
    """One row: the name by which containers of this installation are told from others."""

    __tablename__ = "installation"

    id: int = Field(default=1, primary_key=True)
    installation_id: str = Field(sa_type=_Id)
    created_at: datetime = _instant()


class Workspace(SQLModel, table=True):
    __tablename__ = "workspaces"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    created_at: datetime = _instant()


class Token(SQLModel, table=True):
    """A key of a person or program. Only its digest is kept."""

    __tablename__ = "tokens"

    sha256: str = Field(sa_type=String(64), primary_key=True)
    workspace_id: int = Field(foreign_key="workspaces.id")
    name: str
    created_at: datetime = _instant()


class Environment(SQLModel, table=True):
    """Installed requirements, one row per digest of lock, Python and platform."""

    __tablename__ = "environments"

    digest: str = Field(sa_type=String(64), primary_key=True)
    name: str = Field(sa_type=_Id, unique=True, description="id of the packaging run that builds or built it")
    status: EnvironmentStatus = Field(sa_type=Word(EnvironmentStatus))
    lock: str = Field(sa_type=Text)
    python: str
    platform: str
    created_at: datetime = _instant()


class Orchestration(SQLModel, table=True):
    __tablename__ = "orchestrations"

    id: str = Field(sa_type=_Id, primary_key=True)
    workspace_id: int = Field(foreign_key="workspaces.id", index=True)
    name: str | None
    file_name: str | None
    sha256: str = Field(sa_type=String(64), index=True)
    size_bytes: int = Field(sa_type=BigInteger)
    entry_point: str = Field(sa_type=Text)
    requirements: str | None = Field(sa_type=Text)
    warnings: list[str] = Field(default_factory=list, sa_type=JSON)
    status: OrchestrationStatus = Field(sa_type=Word(OrchestrationStatus))
    message: str | None = Field(default=None, sa_type=Text)
    packaging_run_id: str | None = Field(default=None, sa_type=_Id)
    environment: str | None = Field(default=None, foreign_key="environments.digest")
    created_at: datetime = _instant()
    updated_at: datetime = _instant()
    deleted_at: datetime | None = _instant(default=None)


class Task(SQLModel, table=True):
    __tablename__ = "tasks"
    __table_args__ = (
        Index("ix_tasks_due", "next_due_at", sqlite_where=text("next_due_at IS NOT NULL")),
        Index("ix_tasks_updated", "workspace_id", "updated_at"),
    )

    id: str = Field(sa_type=_Id, primary_key=True)
    workspace_id: int = Field(foreign_key="workspaces.id")
    orchestration_id: str = Field(foreign_key="orchestrations.id", index=True)
    name: str
    kind: TaskKind = Field(sa_type=Word(TaskKind))
    status: TaskStatus = Field(sa_type=Word(TaskStatus))
    active: bool = True
    json_args: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    timeout_seconds: int | None = None
    schedule: str | None = None
    timezone: str | None = None
    next_due_at: datetime | None = _instant(default=None)
    last_run_id: str | None = Field(default=None, sa_type=_Id)
    last_run_status: str = Field(default=UNKNOWN_RUN_STATUS, sa_type=String(40))
    created_at: datetime = _instant()
    updated_at: datetime = _instant()


class Run(SQLModel, table=True):
    __tablename__ = "runs"
    __table_args__ = (
        Index("ix_runs_status", "status", "created_at"),
        Index("ix_runs_task", "task_id", "created_at"),
        Index("ix_runs_uncleaned", "removed_at", "ended_at"),
    )

    id: str = Field(sa_type=_Id, primary_key=True)
    workspace_id: int = Field(foreign_key="workspaces.id")
    orchestration_id: str = Field(foreign_key="orchestrations.id", index=True)
    task_id: str | None = Field(default=None, foreign_key="tasks.id")
    kind: RunKind = Field(default=RunKind.TASK, sa_type=Word(RunKind))
    status: RunStatus = Field(default=RunStatus.QUEUED, sa_type=Word(RunStatus))
    reason: Reason | None = Field(default=None, sa_type=Word(Reason))
    message: str | None = Field(default=None, sa_type=Text)
    exit_code: int | None = None
    signal: str | None = None
    attempt: int = 1
    due_at: datetime | None = _instant(default=None)
    created_at: datetime = _instant()
    claimed_at: datetime | None = _instant(default=None)
    started_at: datetime | None = _instant(default=None)
    ended_at: datetime | None = _instant(default=None)
    contact_at: datetime | None = _instant(default=None)
    stop_requested_at: datetime | None = _instant(default=None)
    removed_at: datetime | None = _instant(default=None)
    put_off_until: datetime | None = _instant(default=None)
    delayed_since: datetime | None = _instant(default=None)
    peak_memory_bytes: int | None = Field(default=None, sa_type=BigInteger)
    cpu_seconds: float | None = None

    @classmethod
    def of_task(cls, task: Task, *, id: str, now: datetime, due_at: datetime | None = None) -> "Run":  # noqa: A002
        return cls(
            id=id,
            workspace_id=task.workspace_id,
            orchestration_id=task.orchestration_id,
            task_id=task.id,
            due_at=due_at,
            created_at=now,
        )

    @classmethod
    def of_packaging(cls, orchestration: Orchestration, *, id: str, now: datetime) -> "Run":  # noqa: A002
        return cls(
            id=id,
            workspace_id=orchestration.workspace_id,
            orchestration_id=orchestration.id,
            kind=RunKind.PACKAGING,
            created_at=now,
        )


class RunEvent(SQLModel, table=True):
    """One row per move of a run's status, written with the move."""

    __tablename__ = "run_events"

    id: int | None = Field(default=None, primary_key=True)
    run_id: str = Field(foreign_key="runs.id", index=True)
    from_status: RunStatus | None = Field(default=None, sa_type=Word(RunStatus))
    to_status: RunStatus = Field(sa_type=Word(RunStatus))
    reason: Reason | None = Field(default=None, sa_type=Word(Reason))
    at: datetime = _instant()


class Tick(SQLModel, table=True):
    """One due moment of a scheduled task. Unique, so that nothing starts twice."""

    __tablename__ = "ticks"
    __table_args__ = (UniqueConstraint("task_id", "due_at"),)

    id: int | None = Field(default=None, primary_key=True)
    task_id: str = Field(foreign_key="tasks.id")
    due_at: datetime = _instant()
    outcome: TickOutcome = Field(sa_type=Word(TickOutcome))
    run_id: str | None = Field(default=None, foreign_key="runs.id")
    created_at: datetime = _instant()


class IdempotencyKey(SQLModel, table=True):
    """What a creating call with this key made, so that its repetition makes nothing new."""

    __tablename__ = "idempotency_keys"

    workspace_id: int = Field(primary_key=True, foreign_key="workspaces.id")
    key: str = Field(sa_type=String(200), primary_key=True)
    fingerprint: str = Field(sa_type=String(64))
    made_id: str = Field(sa_type=_Id)
    created_at: datetime = _instant()
