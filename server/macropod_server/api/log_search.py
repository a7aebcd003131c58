"""Search the lines of all runs of the workspace, a page at a time or as they are found."""

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from macropod_server.api.access import DepsDep, MayRead
from macropod_server.api.instants import utc_or_none
from macropod_server.api.schemas import LineOut
from macropod_server.db.searched import Scope
from macropod_server.deps import Deps
from macropod_server.domain import search
from macropod_server.domain.errors import Unavailable
from macropod_server.domain.levels import Level
from macropod_server.domain.lines import Line, Stream
from macropod_server.domain.run import RunStatus
from macropod_server.flows.search_logs import Found, FoundPage, check_scope, read_cursor, search_logs

router = APIRouter(prefix="/v1/logs/search", tags=["logs"])

_MOST_LINES = 1000
_USUAL_LINES = 100
_MOST_CONTEXT = 20
_SECONDS = 1.0
_SECONDS_WITH_FINDS = 0.2
"""An answer with something in it comes soon; one without looks a little longer."""
_LINES_PER_ROUND = 100
_SECONDS_PER_ROUND = 0.2


class FoundOut(BaseModel):
    """`spans` are the places in `text` that match, from and before, counted in Unicode characters; at most 100."""

    run_id: str
    task_id: str | None
    task_name: str | None
    number: int
    time: datetime
    stream: Stream
    text: str
    spans: list[tuple[int, int]]
    before: list[LineOut]
    after: list[LineOut]


class FoundPageOut(BaseModel):
    """`next_cursor` is where to go on, also after a page with few lines or none; null when all was looked through."""

    items: list[FoundOut]
    next_cursor: str | None = Field(description="send it as `cursor`, with the same of everything else")


@dataclass(frozen=True)
class Wish:
    scope: Scope
    query: search.Query
    context: int


def get_wish(
    caller: MayRead,
    text: Annotated[str, Query(description="what to look for; upper and lower case differ")],
    regex: Annotated[bool, Query(description="the text is a regular expression of RE2")] = False,
    ignore_case: bool = False,
    task_id: str | None = None,
    run_id: str | None = None,
    status: Annotated[RunStatus | None, Query(description="of runs that have this status now")] = None,
    since: Annotated[datetime | None, Query(description="printed at or after")] = None,
    until: Annotated[datetime | None, Query(description="printed before")] = None,
    stream: Stream | None = None,
    level: Annotated[Level | None, Query(description="only lines that tell this level or a graver one")] = None,
    context: Annotated[int, Query(ge=0, le=_MOST_CONTEXT, description="so many lines before and after each")] = 0,
) -> Wish:
    span = {"since": utc_or_none("since", since), "until": utc_or_none("until", until)}
    pattern = search.Pattern(text, is_regex=regex, ignore_case=ignore_case)
    return Wish(
        scope=Scope(caller.workspace_id, task_id=task_id, run_id=run_id, status=status, **span),
        query=search.Query(pattern, stream=stream, level=level, **span),
        context=context,
    )


WishDep = Annotated[Wish, Depends(get_wish)]


@router.get("")
def search_page(
    deps: DepsDep,
    wish: WishDep,
    limit: Annotated[int, Query(ge=1, le=_MOST_LINES)] = _USUAL_LINES,
    cursor: str | None = None,
) -> FoundPageOut:
    """The newest run first, in each the last line first. An answer takes about a second at most: then it holds what
    was found until then."""
    page = _page(deps, wish, cursor, limit, is_over=_over_after(_SECONDS, with_finds=_SECONDS_WITH_FINDS))
    return FoundPageOut(items=[_shown(each, page) for each in page.found], next_cursor=page.cursor)


@router.get("/stream", response_class=StreamingResponse)
def stream_found(
    deps: DepsDep,
    wish: WishDep,
    limit: Annotated[int, Query(ge=1, le=_MOST_LINES, description="then it ends")] = _USUAL_LINES,
    cursor: str | None = None,
    last_event_id: Annotated[str | None, Header()] = None,
) -> StreamingResponse:
    """Server-sent events: `found` carries a list of lines as they are found, then `end`. The id is where to go on.

    `progress` says that nothing was found up to there; `pause` that the server stops or has lost its database.
    """
    begin = last_event_id or cursor
    check_scope(deps, wish.scope)
    if begin:
        read_cursor(begin)
    return StreamingResponse(
        _events(deps, wish, begin, limit),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _events(deps: Deps, wish: Wish, cursor: str | None, left: int) -> AsyncIterator[str]:
    while True:
        is_over, limit = _over_after(_SECONDS_PER_ROUND, with_finds=_SECONDS_PER_ROUND), min(left, _LINES_PER_ROUND)
        try:
            page = await run_in_threadpool(_page, deps, wish, cursor, limit, is_over=is_over)
        except Unavailable:
            yield _event("pause", cursor)
            return
        if page.found:
            shown = ",".join(_shown(each, page).model_dump_json() for each in page.found)
            yield _event("found", page.cursor, f"[{shown}]")
        left, cursor = left - len(page.found), page.cursor
        if cursor is None or left <= 0 or deps.signals.is_closing:
            yield _event("pause" if cursor and left > 0 else "end", cursor)
            return
        if not page.found:
            yield _event("progress", cursor)


def _event(name: str, cursor: str | None, data: str = "{}") -> str:
    place = f"id: {cursor}\n" if cursor else ""
    return f"{place}event: {name}\ndata: {data}\n\n"


def _page(deps: Deps, wish: Wish, cursor: str | None, limit: int, *, is_over: Callable[[bool], bool]) -> FoundPage:
    return search_logs(deps, wish.scope, wish.query, cursor=cursor, limit=limit, context=wish.context, is_over=is_over)


def _over_after(seconds: float, *, with_finds: float) -> Callable[[bool], bool]:
    began = time.monotonic()
    return lambda has_found: time.monotonic() - began > (with_finds if has_found else seconds)


def _shown(found: Found, page: FoundPage) -> FoundOut:
    run, line = found.run, found.match.line
    return FoundOut(
        run_id=run.id,
        task_id=run.task_id,
        task_name=page.task_names.get(run.task_id or ""),
        number=line.number,
        time=line.printed_at,
        stream=line.stream,
        text=line.text,
        spans=list(found.match.spans),
        before=[_line(each) for each in found.before],
        after=[_line(each) for each in found.after],
    )


def _line(line: Line) -> LineOut:
    return LineOut(number=line.number, time=line.printed_at, stream=line.stream.value, text=line.text)
