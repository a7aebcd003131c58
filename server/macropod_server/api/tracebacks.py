"""The tracebacks in the log of a run."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from macropod_server.api import examples
from macropod_server.api.access import DepsDep, MayRead
from macropod_server.db import runs
from macropod_server.flows.find_tracebacks import find_tracebacks

router = APIRouter(prefix="/v1/runs/{run_id}/logs/tracebacks", tags=["logs"])


class TracebackOut(BaseModel):
    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [examples.TRACEBACK]})

    first_line: int = Field(description="number of its first line in the log")
    last_line: int
    stream: Literal["stdout", "stderr", "system"]
    exception: str
    message: str | None
    file: str | None = Field(description="of the deepest frame of the user's own code, relative to the zip")
    line: int | None


class TracebacksOut(BaseModel):
    tracebacks: list[TracebackOut]
    next: int | None = Field(description="what to send as `first` to go on; null when there is no further line")


@router.get("")
def list_tracebacks(
    run_id: str,
    deps: DepsDep,
    caller: MayRead,
    first: Annotated[int, Query(ge=1, description="from this line number on")] = 1,
    limit: Annotated[int, Query(ge=1, le=1000, description="so many at once, about")] = 100,
) -> TracebacksOut:
    """Oldest first. One with all that led to it is one. A long log is looked at in several calls."""
    with deps.database.read() as session:
        run = runs.get(session, run_id, workspace_id=caller.workspace_id)
    found = find_tracebacks(deps, run, first=first, limit=limit)
    tracebacks = [TracebackOut.model_validate(each) for each in found.tracebacks]
    return TracebacksOut(tracebacks=tracebacks, next=found.following)
