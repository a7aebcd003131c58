"""Read the log of a run."""

from datetime import datetime
from typing import Annotated, TypedDict

from fastapi import APIRouter, Query

from macropod_server.api.access import DepsDep, MayRead
from macropod_server.api.instants import utc_or_none
from macropod_server.api.line_views import LineViewDep
from macropod_server.api.schemas import LinesOut
from macropod_server.db import runs
from macropod_server.domain.errors import Invalid
from macropod_server.domain.levels import Level
from macropod_server.domain.lines import Stream
from macropod_server.domain.run import is_final

router = APIRouter(prefix="/v1/runs/{run_id}/logs", tags=["logs"])

_MOST_LINES = 10_000
_USUAL_LINES = 1000
_MOST_TEXT_BYTES = 4 * 1024**2


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
    caller: MayRead,
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
