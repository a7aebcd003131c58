"""Events of a workspace in their order: asked for, waited for, or streamed."""

import time
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from macropod_server.api import examples
from macropod_server.api.access import DepsDep, MayRead
from macropod_server.api.schemas import of_row
from macropod_server.db import events
from macropod_server.deps import Deps
from macropod_server.domain.errors import Unavailable

router = APIRouter(prefix="/v1/events", tags=["events"])

_MOST = 1000
_USUAL = 100
_MOST_ID = 2**63 - 1
_LONGEST_WAIT_SECONDS = 30.0
_LOOK_SECONDS = 1.0
_KEEP_ALIVE_SECONDS = 15.0

After = Annotated[int, Query(ge=0, le=_MOST_ID, description="only events with a greater id")]


class EventOut(BaseModel):
    """`run_ended`: an end of a run, written with it. `facts` says how it ended."""

    model_config = of_row(examples.EVENT)

    id: int
    kind: str
    workspace_id: int
    orchestration_id: str
    task_id: str | None
    run_id: str
    facts: dict[str, Any]
    created_at: datetime


class EventPage(BaseModel):
    """`next_after` is where to go on, also after a page without events."""

    items: list[EventOut]
    next_after: int


@router.get("")
async def list_events(
    deps: DepsDep,
    caller: MayRead,
    after: After = 0,
    limit: Annotated[int, Query(ge=1, le=_MOST)] = _USUAL,
    wait: Annotated[float, Query(ge=0, le=_LONGEST_WAIT_SECONDS, description="seconds, if there is none yet")] = 0,
) -> EventPage:
    """Oldest first. Whoever goes on at `next_after` misses none and gets none twice."""
    until = time.monotonic() + wait
    with deps.signals.bell("events") as bell:
        while True:
            found = await run_in_threadpool(_look, deps, caller.workspace_id, after, limit)
            left = until - time.monotonic()
            if found or left <= 0 or deps.signals.is_closing:
                return EventPage(items=found, next_after=found[-1].id if found else after)
            await bell.wait(min(left, _LOOK_SECONDS))


@router.get("/stream", response_class=StreamingResponse)
def stream_events(
    deps: DepsDep,
    caller: MayRead,
    after: After = 0,
    last_event_id: Annotated[int | None, Header(ge=0, le=_MOST_ID)] = None,
) -> StreamingResponse:
    """Server-sent events without end, named by their kind; the id is the event's.

    `pause` says that the server stops or has lost its database: ask again after the event whose number is its id.
    """
    told = _told(deps, caller.workspace_id, after if last_event_id is None else last_event_id)
    return StreamingResponse(
        told, media_type="text/event-stream", headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )


async def _told(deps: Deps, workspace_id: int, after: int) -> AsyncIterator[str]:
    last_sent = time.monotonic()
    yield ": here\n\n"
    with deps.signals.bell("events") as bell:
        while True:
            try:
                found = await run_in_threadpool(_look, deps, workspace_id, after, _USUAL)
            except Unavailable:
                yield f"event: pause\nid: {after}\ndata: {{}}\n\n"
                return
            for each in found:
                after, last_sent = each.id, time.monotonic()
                yield f"id: {each.id}\nevent: {each.kind}\ndata: {each.model_dump_json()}\n\n"
            if deps.signals.is_closing:
                yield f"event: pause\nid: {after}\ndata: {{}}\n\n"
                return
            if not found:
                await bell.wait(_LOOK_SECONDS)
                if time.monotonic() - last_sent > _KEEP_ALIVE_SECONDS:
                    last_sent = time.monotonic()
                    yield ": still here\n\n"


def _look(deps: Deps, workspace_id: int, after: int, limit: int) -> list[EventOut]:
    with deps.database.read() as session:
        return [
            EventOut.model_validate(each) for each in events.after(session, workspace_id, number=after, limit=limit)
        ]
