"""The workspace of the caller, and the switch that pauses all of it."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from macropod_server.api.access import DepsDep, MayEdit, MayRead, Now
from macropod_server.api.account_schemas import WorkspaceStateOut
from macropod_server.api.schemas import PauseIn
from macropod_server.db import access
from macropod_server.flows.pause_all import pause_all, resume_all

router = APIRouter(prefix="/v1/workspace", tags=["workspace"])


class ResumeIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    spread_seconds: Annotated[int, Field(strict=True, ge=0, le=24 * 3600)] = Field(
        default=60, description="over so many seconds the runs that wait are started, one after the other"
    )


@router.get("")
def show(deps: DepsDep, caller: MayRead) -> WorkspaceStateOut:
    with deps.database.read() as session:
        return WorkspaceStateOut.of(access.workspace(session, caller.workspace_id), caller.role)


@router.post("/pause")
def pause(deps: DepsDep, caller: MayEdit, now: Now, wish: PauseIn | None = None) -> WorkspaceStateOut:
    """From now on nothing of the workspace starts; what runs goes on. Harmless when it is paused already."""
    reason = wish.reason if wish else None
    paused = pause_all(deps, workspace_id=caller.workspace_id, reason=reason, requested_by=caller.name, now=now)
    return WorkspaceStateOut.of(paused, caller.role)


@router.post("/resume")
def resume(deps: DepsDep, caller: MayEdit, now: Now, wish: ResumeIn | None = None) -> WorkspaceStateOut:
    """What waits starts again, spread over some time. Harmless when it is not paused."""
    spread = timedelta(seconds=(wish or ResumeIn()).spread_seconds)
    resumed = resume_all(deps, workspace_id=caller.workspace_id, spread=spread, requested_by=caller.name, now=now)
    return WorkspaceStateOut.of(resumed, caller.role)
