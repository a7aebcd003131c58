"""What became of a task's due moments, how well it keeps its time, and what is done about moments of the past."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from macropod_server.api import examples
from macropod_server.api.access import DepsDep, MayRead, MayRun, Now
from macropod_server.api.instants import utc, utc_or_none
from macropod_server.api.schemas import Page, of_row
from macropod_server.db import tasks, ticks
from macropod_server.db.tables import Tick
from macropod_server.domain.task import TickOutcome
from macropod_server.flows.backfill import backfill
from macropod_server.flows.cadence import cadence

router = APIRouter(prefix="/v1/tasks", tags=["ticks"])


class TickOut(BaseModel):
    """`run_id`: its run; of a skipped one the run in the way, of a merged one the run that stands for it."""

    model_config = of_row(examples.TICK)

    task_id: str
    due_at: datetime
    outcome: TickOutcome
    reason: str | None
    run_id: str | None
    created_at: datetime


class TickPage(Page):
    items: list[TickOut]


class TicksOut(BaseModel):
    items: list[TickOut]


class SpanIn(BaseModel):
    """Both ends included; a time without a zone is read as UTC."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [examples.SPAN]})

    from_at: datetime
    to_at: datetime


class LatenessOut(BaseModel):
    """In seconds; null when there is nothing to reckon with."""

    model_config = ConfigDict(from_attributes=True)

    median: float | None
    p95: float | None
    worst: float | None


class CadenceOut(BaseModel):
    model_config = of_row(examples.CADENCE)

    ticks: int
    outcomes: dict[TickOutcome, int]
    started_share: float | None
    skipped_share: float | None
    decided_late_seconds: LatenessOut
    started_late_seconds: LatenessOut
    drift: str


@router.get("/{task_id}/ticks")
def list_ticks(
    task_id: str,
    deps: DepsDep,
    caller: MayRead,
    outcome: TickOutcome | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    before: Annotated[datetime | None, Query(description="only those due before this moment")] = None,
) -> TickPage:
    """Newest due moment first."""
    with deps.database.read() as session:
        task = tasks.get(session, task_id, workspace_id=caller.workspace_id)
        found = ticks.find(session, task.id, outcome=outcome, limit=limit, before=utc_or_none("before", before))
    return TickPage(items=_shown(found), next_before=found[-1].due_at.isoformat() if len(found) == limit else None)


@router.get("/{task_id}/cadence")
def show_cadence(
    task_id: str,
    deps: DepsDep,
    caller: MayRead,
    now: Now,
    days: Annotated[int, Query(ge=1, le=366)] = 7,
) -> CadenceOut:
    """How its ticks of the last days ended and how late they came; `drift` says it in a sentence."""
    return CadenceOut.model_validate(cadence(deps, task_id, workspace_id=caller.workspace_id, days=days, now=now))


@router.post("/{task_id}/backfill", status_code=201)
def fill(task_id: str, span: SpanIn, deps: DepsDep, caller: MayRun, now: Now) -> TicksOut:
    """Run every due moment of the span that has no run. Answers with those; asked again, with none."""
    filled = backfill(
        deps,
        task_id,
        workspace_id=caller.workspace_id,
        from_at=utc("from_at", span.from_at),
        to_at=utc("to_at", span.to_at),
        requested_by=caller.name,
        now=now,
    )
    return TicksOut(items=_shown(filled))


def _shown(found: list[Tick]) -> list[TickOut]:
    return [TickOut.model_validate(tick) for tick in found]
