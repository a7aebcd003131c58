"""Runs, every move of their status, and the places they hold."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, String, Text, text
from sqlmodel import Field, SQLModel

from macropod_server.db.columns import ErrorOfRun, Word
from macropod_server.db.tables.fields import Id, instant
from macropod_server.db.tables.orchestrations import Orchestration
from macropod_server.db.tables.tasks import Task
from macropod_server.domain.run import Cause, Reason, RunKind, RunStatus
from macropod_server.domain.run_error import RunError

_NOT_GONE = text("removed_at IS NULL")


class Run(SQLModel, table=True):
    __tablename__ = "runs"
    __table_args__ = (
        Index("ix_runs_status", "status", "created_at"),
        Index("ix_runs_task", "task_id", "created_at"),
        Index("ix_runs_first", "first_run_id"),
        Index("ix_runs_uncleaned", "removed_at", "ended_at"),
        Index("ix_runs_present", "task_id", "status", sqlite_where=_NOT_GONE, postgresql_where=_NOT_GONE),
        Index("ix_runs_present_by_bundle", "orchestration_id", sqlite_where=_NOT_GONE, postgresql_where=_NOT_GONE),
        Index("ix_runs_listed", "workspace_id", "created_at", "id"),
        Index("ix_runs_by_bundle", "orchestration_id", "created_at", "id"),
        Index("ix_runs_by_kind", "workspace_id", "kind", "created_at", "id"),
    )

    id: str = Field(sa_type=Id, primary_key=True)
    workspace_id: int = Field(foreign_key="workspaces.id")
    orchestration_id: str = Field(foreign_key="orchestrations.id", index=True)
    task_id: str | None = Field(default=None, foreign_key="tasks.id")
    kind: RunKind = Field(default=RunKind.TASK, sa_type=Word(RunKind))
    cause: Cause = Field(default=Cause.ORDERED, sa_type=Word(Cause))
    requested_by: str | None = None
    first_run_id: str | None = Field(default=None, sa_type=Id, description="of a retry: the first attempt")
    rerun_of: str | None = Field(default=None, sa_type=Id)
    status: RunStatus = Field(default=RunStatus.QUEUED, sa_type=Word(RunStatus))
    reason: Reason | None = Field(default=None, sa_type=Word(Reason))
    message: str | None = Field(default=None, sa_type=Text)
    error: RunError | None = Field(default=None, sa_type=ErrorOfRun)
    exit_code: int | None = None
    signal: str | None = None
    attempt: int = 1
    due_at: datetime | None = instant(default=None)
    created_at: datetime = instant()
    claimed_at: datetime | None = instant(default=None)
    lease: int = Field(default=0, description="how often it was claimed; who acts on an older claim acts on nothing")
    environment: str | None = Field(default=None, sa_type=String(64), description="digest of the lock it runs with")
    image: str | None = None
    spawner: str | None = Field(default=None, description="which kind of spawner started it")
    runner_version: str | None = None
    runner_nonce: str | None = Field(
        default=None, sa_type=String(100), description="by which its runner is known again"
    )
    started_at: datetime | None = instant(default=None)
    ended_at: datetime | None = instant(default=None)
    contact_at: datetime | None = instant(default=None)
    stop_requested_at: datetime | None = instant(default=None)
    stop_requested_by: str | None = None
    stop_reason: Reason | None = Field(default=None, sa_type=Word(Reason))
    removed_at: datetime | None = instant(default=None)
    put_off_until: datetime | None = instant(default=None)
    delayed_since: datetime | None = instant(default=None)
    peak_memory_bytes: int | None = Field(default=None, sa_type=BigInteger)
    cpu_seconds: float | None = None
    secrets_given: int = Field(default=0, sa_column_kwargs={"server_default": "0"}, description="how often it was")
    secrets_hidden: int = Field(
        default=0, sa_column_kwargs={"server_default": "0"}, description="how many of these its runner has heard of"
    )

    @classmethod
    def of_task(cls, task: Task, *, id: str, now: datetime, **facts: Any) -> "Run":  # noqa: A002
        return cls(
            id=id,
            workspace_id=task.workspace_id,
            orchestration_id=task.orchestration_id,
            task_id=task.id,
            created_at=now,
            **facts,
        )

    @classmethod
    def of_packaging(cls, orchestration: Orchestration, *, id: str, now: datetime, **facts: Any) -> "Run":  # noqa: A002
        return cls(
            id=id,
            workspace_id=orchestration.workspace_id,
            orchestration_id=orchestration.id,
            kind=RunKind.PACKAGING,
            cause=Cause.PACKAGING,
            created_at=now,
            **facts,
        )

    def is_still(self, seen: "Run") -> bool:
        """Whether it is as it was seen: it has not moved, and was not claimed anew."""
        return (self.status, self.lease) == (seen.status, seen.lease)


class RunEvent(SQLModel, table=True):
    """One row per move of a run's status, written with the move."""

    __tablename__ = "run_events"

    id: int | None = Field(default=None, primary_key=True)
    run_id: str = Field(foreign_key="runs.id", index=True)
    from_status: RunStatus | None = Field(default=None, sa_type=Word(RunStatus))
    to_status: RunStatus = Field(sa_type=Word(RunStatus))
    reason: Reason | None = Field(default=None, sa_type=Word(Reason))
    at: datetime = instant()


class Pool(SQLModel, table=True):
    """How many runs may hold a lock of this name at once. A name without a row is held by one."""

    __tablename__ = "pools"

    workspace_id: int = Field(primary_key=True, foreign_key="workspaces.id")
    name: str = Field(sa_type=String(200), primary_key=True)
    size: int


class Slot(SQLModel, table=True):
    """One place in a pool, or the one place of a task whose runs must not overlap, and the run that has it.

    Taken in a transaction with the run, freed when the run's container was seen gone.
    """

    __tablename__ = "slots"

    workspace_id: int = Field(primary_key=True, foreign_key="workspaces.id")
    name: str = Field(sa_type=String(210), primary_key=True, description="see `db.slots`")
    number: int = Field(primary_key=True)
    run_id: str = Field(foreign_key="runs.id", index=True)
    taken_at: datetime = instant()
