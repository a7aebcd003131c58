"""What made a run what it is."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field
from sqlmodel import Session

from macropod_server.api import examples
from macropod_server.api.schemas import of_row
from macropod_server.db import given, orchestrations, runs, tasks
from macropod_server.db.tables import Run
from macropod_server.domain.run import Cause, Reason, RunStatus


class AttemptOut(BaseModel):
    run_id: str
    attempt: int
    cause: Cause
    status: RunStatus
    reason: Reason | None
    message: str | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


class SecretOut(BaseModel):
    """Which version of a secret the run was given."""

    name: str
    version: int


class LineageOut(BaseModel):
    """`image`, `spawner` and `runner_version` are null before it was started, and for what has none."""

    model_config = of_row(examples.LINEAGE)

    run_id: str
    bundle_sha256: str
    lock_digest: str | None = Field(description="of the requirements with versions and hashes; null without any")
    image: str | None
    spawner: str | None
    runner_version: str | None
    arguments: dict[str, Any]
    secrets: list[SecretOut] = Field(description="what it was given of secrets, by name and version")
    connections: list[str] = Field(description="whose details it was told")
    orchestration_id: str
    task_id: str | None
    task_name: str | None
    cause: Cause
    requested_by: str | None
    due_at: datetime | None
    first_run_id: str | None
    rerun_of: str | None
    attempts: list[AttemptOut] = Field(description="this run, those before it and those after, in their order")


def lineage_of(session: Session, run: Run) -> LineageOut:
    orchestration = orchestrations.get(session, run.orchestration_id)
    task = tasks.get(session, run.task_id) if run.task_id else None
    was_given = given.of_run(session, run.id)
    return LineageOut(
        **run.model_dump(),
        run_id=run.id,
        bundle_sha256=orchestration.sha256,
        lock_digest=run.environment,
        arguments=task.json_args if task else {},
        secrets=[SecretOut(name=each.name, version=each.version) for each in was_given if each.version],
        connections=[each.name for each in was_given if each.kind == given.GivenKind.CONNECTION],
        task_name=task.name if task else None,
        attempts=[AttemptOut(**attempt.model_dump(), run_id=attempt.id) for attempt in runs.attempts(session, run)],
    )
