"""Follow the log of a run: behind by reading for oneself, at its head by what is read once for all."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Annotated

import structlog
from fastapi import APIRouter, Header, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from starlette.types import Message, Send

from macropod_server.api.access import DepsDep, MayRead
from macropod_server.api.line_views import LineViewDep
from macropod_server.api.log_broadcast import Batch, Broadcasts, Follower, Look
from macropod_server.api.log_events import PAUSE, STILL_HERE, Wanted, pause_event
from macropod_server.api.runs import told
from macropod_server.db import runs
from macropod_server.deps import Deps
from macropod_server.domain.errors import Unavailable
from macropod_server.domain.lines import Line, Stream
from macropod_server.domain.run import is_final

router = APIRouter(prefix="/v1/runs/{run_id}/logs", tags=["logs"])
log = structlog.get_logger()

_LINES_PER_EVENT = 1000
_MOST_TEXT_BYTES = 4 * 1024**2
_KEEP_ALIVE_SECONDS = 15.0
_LONGEST_SEND_SECONDS = 30.0


def broadcasts(deps: Deps) -> Broadcasts:
    """Made once for a server, by `app`."""
    return Broadcasts(deps.signals, lambda run_id, after: _look(deps, run_id, after))


@router.get("/follow", response_class=StreamingResponse)
def follow(
    request: Request,
    run_id: str,
    deps: DepsDep,
    caller: MayRead,
    view: LineViewDep,
    after: Annotated[int, Query(ge=0, description="go on after this line number")] = 0,
    stream: Stream | None = None,
    last_event_id: Annotated[int | None, Header(ge=0)] = None,
) -> StreamingResponse:
    """Server-sent events: `lines` as they are stored (the id is the last line's number), then `end` with the run.

    Of lines of which none tells the `level` asked for the list is empty, and the id is the last one's nonetheless.
    `pause` says that the server stops, has lost its database, or that what it sends is not taken fast enough: follow
    again after the line whose number is its id.
    """
    with deps.database.read() as session:
        runs.get(session, run_id, workspace_id=caller.workspace_id)
    place = after if last_event_id is None else last_event_id
    shared: Broadcasts = request.app.state.broadcasts
    return FollowResponse(Following(deps, shared, run_id, Wanted(stream, view), after=place).events())


class FollowResponse(StreamingResponse):
    """Lets go of a connection that takes nothing: it would hold its lines in memory for as long as it lasts."""

    def __init__(
        self, events: AsyncGenerator[str, None], *, longest_send_seconds: float = _LONGEST_SEND_SECONDS
    ) -> None:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(events, media_type="text/event-stream", headers=headers)
        self._events = events
        self._longest_send_seconds = longest_send_seconds

    async def stream_response(self, send: Send) -> None:
        async def send_in_time(message: Message) -> None:
            await asyncio.wait_for(send(message), self._longest_send_seconds)

        try:
            await super().stream_response(send_in_time)
        except TimeoutError:
            log.info("follower_let_go", reason=f"it took nothing for {self._longest_send_seconds:g} s")
        finally:
            await self._events.aclose()


class Following:
    """One connection. Every wanted line up to number `_after` was sent, every line up to `_stored` looked at."""

    def __init__(self, deps: Deps, shared: Broadcasts, run_id: str, wanted: Wanted, *, after: int) -> None:
        self._deps = deps
        self._shared = shared
        self._run_id = run_id
        self._wanted = wanted
        self._after = after
        self._stored = 0

    async def events(self) -> AsyncGenerator[str, None]:
        try:
            async for event in self._up_to_the_head():
                yield event
            with self._shared.joined(self._run_id, self._wanted, after=self._stored) as follower:
                if self._stored < follower.begins_after:
                    async for event in self._up_to_the_head():
                        yield event
                async for event in self._with_the_others(follower):
                    yield event
        except Unavailable:
            yield pause_event(self._after)

    async def _up_to_the_head(self) -> AsyncIterator[str]:
        """Pages of its own. Raises `Unavailable` also when the server ends meanwhile."""
        while True:
            stored, lines, event = await run_in_threadpool(self._page)
            if event:
                self._after = lines[-1].number
                yield event
            # Lines came meanwhile where the last one lies beyond; a number asked for may lie beyond all there is.
            self._stored = max(stored, lines[-1].number if lines else 0)
            if not lines or self._after >= stored:
                self._after = max(self._after, self._stored)
                return
            if self._deps.signals.is_closing:
                raise Unavailable("The server ends. Follow again in a moment.")

    async def _with_the_others(self, follower: Follower) -> AsyncIterator[str]:
        while True:
            news = await follower.take(_KEEP_ALIVE_SECONDS)
            if news is None:
                yield STILL_HERE
            elif isinstance(news, Batch):
                if event := self._new_of(news):
                    yield event
                self._after = max(self._after, news.lines[-1].number)
            else:
                yield pause_event(self._after) if news == PAUSE else news
                return

    def _new_of(self, batch: Batch) -> str | None:
        if batch.lines[0].number > self._after:
            return batch.event(self._wanted)
        return self._wanted.event(line for line in batch.lines if line.number > self._after)

    def _page(self) -> tuple[int, list[Line], str | None]:
        """How many lines there were before the look, and those that come next: none falls between the two."""
        stored = self._deps.logs.expected(self._run_id) - 1
        lines = _lines(self._deps, self._run_id, self._after, self._wanted)
        return stored, lines, self._wanted.event(lines)


def _look(deps: Deps, run_id: str, after: int) -> Look:
    """Lines are stored before the end, so with the end known they are looked for once more: none is missed."""
    lines = _lines(deps, run_id, after, Wanted())
    end = None if lines else _end_event(deps, run_id)
    return Look(_lines(deps, run_id, after, Wanted()), end) if end else Look(lines, is_full=_is_full(lines))


def _is_full(lines: list[Line]) -> bool:
    return len(lines) == _LINES_PER_EVENT or sum(len(line.text) for line in lines) > _MOST_TEXT_BYTES // 8


def _lines(deps: Deps, run_id: str, after: int, wanted: Wanted) -> list[Line]:
    first, stream = after + 1, wanted.stream
    return list(deps.logs.read(run_id, first=first, stream=stream, limit=_LINES_PER_EVENT, max_bytes=_MOST_TEXT_BYTES))


def _end_event(deps: Deps, run_id: str) -> str | None:
    with deps.database.read() as session:
        run = runs.get(session, run_id)
        if not is_final(run.status):
            return None
        return f"event: end\ndata: {told(deps, session, run).model_dump_json()}\n\n"
