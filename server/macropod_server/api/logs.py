"""Read and follow the log of a run."""

import json
import time
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, TypedDict

from fastapi import APIRouter, Header, Query
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from macropod_server.api.access import CallerDep, DepsDep
from macropod_server.api.instants import utc_or_none
from macropod_server.api.line_views import LineView, LineViewDep
from macropod_server.api.runs import told
from macropod_server.api.schemas import LinesOut
from macropod_server.db import runs
from macropod_server.deps import Deps
from macropod_server.domain.errors import Invalid, Unavailable
from macropod_server.domain.levels import Level
from macropod_server.domain.lines import Line, Stream
from macropod_server.domain.run import is_final

router = APIRouter(prefix="/v1/runs/{run_id}/logs", tags=["logs"])

_MOST_LINES = 10_000
_USUAL_LINES = 1000
_LINES_PER_EVENT = 1000
_MOST_TEXT_BYTES = 4 * 1024**2
_LOOK_SECONDS = 1.0
_KEEP_ALIVE_SECONDS = 15.0


class _Within(TypedDict):
    since: datetime | None
    until: datetime | None
    stream: Stream | None
    level: Level | None
    max_bytes: int


@router.get("", response_model_exclude_unset=True)
def read(
    run_id: str,
    deps: DepsDep,
    caller: CallerDep,
    view: LineViewDep,
    tail: Annotated[int | None, Query(ge=0, le=_MOST_LINES, description="the last so many lines")] = None,
    before: Annotated[int | None, Query(ge=1, description="with tail: of those before this line number")] = None,
    first: Annotated[int | None, Query(ge=1, description="from this line number on")] = None,
    limit: Annotated[int | None, Query(ge=1, le=_MOST_LINES, description="1,000 when left out")] = None,
    since: Annotated[datetime | None, Query(description="printed at or after")] = None,
    until: Annotated[datetime | None, Query(description="printed before")] = None,
    stream: Stream | None = None,
) -> LinesOut:
    """The last lines, or a range by number or time, oldest first: as many as fit into 4 MiB of text, at least one."""
    _check_together(is_tail=tail is not None, before=before, first=first, limit=limit)
    with deps.database.read() as session:
        run = runs.get(session, run_id, workspace_id=caller.workspace_id)
    stored = deps.logs.expected(run_id)
    within: _Within = {
        "since": utc_or_none("since", since),
        "until": utc_or_none("until", until),
        "stream": stream,
        "level": view.level,
        "max_bytes": _MOST_TEXT_BYTES,
    }
    if tail is not None:
        found = deps.logs.tail(run_id, limit=tail, before=before, **within)
    else:
        found = list(deps.logs.read(run_id, first=first or 1, limit=limit or _USUAL_LINES, **within))
    # Lines that came after the look at `stored` count as stored too: whoever follows on gets none twice.
    following = max(stored, found[-1].number + 1) if found else stored
    return LinesOut(lines=[view.shown(line) for line in found], next=following, ended=is_final(run.status))


def _check_together(*, is_tail: bool, before: int | None, first: int | None, limit: int | None) -> None:
    if is_tail and (first, limit) != (None, None):
        raise Invalid.field("tail", "The tail is counted from the end: it takes no first and no limit.")
    if before is not None and not is_tail:
        raise Invalid.field("before", "Lines before a number are read as a tail: send how many as tail.")


@router.get("/follow", response_class=StreamingResponse)
def follow(
    run_id: str,
    deps: DepsDep,
    caller: CallerDep,
    view: LineViewDep,
    after: Annotated[int, Query(ge=0, description="go on after this line number")] = 0,
    stream: Stream | None = None,
    last_event_id: Annotated[int | None, Header(ge=0)] = None,
) -> StreamingResponse:
    """Server-sent events: `lines` as they are stored (the id is the last line's number), then `end` with the run.

    Of lines of which none tells the `level` asked for the list is empty, and the id is the last one's nonetheless.

    `pause` says that the server stops or has lost its database: follow again after the line whose number is its id.
    """
    with deps.database.read() as session:
        runs.get(session, run_id, workspace_id=caller.workspace_id)
    events = _events(deps, run_id, after if last_event_id is None else last_event_id, stream, view)
    return StreamingResponse(
        events,
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _events(deps: Deps, run_id: str, after: int, stream: Stream | None, view: LineView) -> AsyncIterator[str]:
    last_sent = time.monotonic()
    with deps.signals.bell(run_id) as bell:
        while True:
            try:
                end, lines = await run_in_threadpool(_look, deps, run_id, after, stream)
            except Unavailable:
                yield f"event: pause\nid: {after}\ndata: {{}}\n\n"
                return
            if lines:
                after, last_sent = lines[-1].number, time.monotonic()
                yield await run_in_threadpool(_lines_event, lines, view)
            elif end:
                yield end
                return
            elif deps.signals.is_closing:
                yield f"event: pause\nid: {after}\ndata: {{}}\n\n"
                return
            else:
                await bell.wait(_LOOK_SECONDS)
                if time.monotonic() - last_sent > _KEEP_ALIVE_SECONDS:
                    last_sent = time.monotonic()
                    yield ": still here\n\n"


def _look(deps: Deps, run_id: str, after: int, stream: Stream | None) -> tuple[str | None, list[Line]]:
    """The end is asked for before the lines are read: lines are stored before the end, so none is missed."""
    end = _end_event(deps, run_id)
    lines = deps.logs.read(run_id, first=after + 1, stream=stream, limit=_LINES_PER_EVENT, max_bytes=_MOST_TEXT_BYTES)
    return end, list(lines)


def _end_event(deps: Deps, run_id: str) -> str | None:
    with deps.database.read() as session:
        run = runs.get(session, run_id)
        if not is_final(run.status):
            return None
        return f"event: end\ndata: {told(deps, session, run).model_dump_json()}\n\n"


def _lines_event(lines: list[Line], view: LineView) -> str:
    told = [line.model_dump(mode="json", exclude_unset=True) for line in view.of(lines)]
    return f"id: {lines[-1].number}\nevent: lines\ndata: {json.dumps(told, ensure_ascii=False)}\n\n"
