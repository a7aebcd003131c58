"""The runs of a task, and what they printed."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from macropod_server.db import listed, runs
from macropod_server.domain.errors import NotFound
from macropod_server.domain.lines import Line, Stream
from macropod_server.domain.roles import Role
from macropod_server.wallaroo_api.calling import CallDep
from macropod_server.wallaroo_api.refusals import WallarooRoute
from macropod_server.wallaroo_api.shapes import LastRun, RunShape
from macropod_server.wallaroo_api.statuses import SHOWN, RunFilter, statuses_of

router = APIRouter(prefix="/v1/api/task", tags=["runs"], route_class=WallarooRoute)

_USUAL_RUNS = 10
_MOST_RUNS = 1000
_MOST_LINES = 200_000
_MOST_TEXT_BYTES = 32 * 1024**2

Limit = Annotated[int, Field(ge=0)]


class RunsWish(BaseModel):
    task_id: str
    limit: Limit | None = None
    status: RunFilter | None = None


class DetailsWish(BaseModel):
    pod_id: str
    task: str | None = None


class LogsWish(BaseModel):
    id: str
    lines: Limit | None = None


class LinesTold(BaseModel):
    logs: list[str]


@router.post("/list_task_runs")
def list_task_runs(wish: RunsWish, call: CallDep) -> list[RunShape]:
    """Newest first."""
    call.about(Role.VIEWER, task_id=wish.task_id)
    limit = _USUAL_RUNS if wish.limit is None else min(wish.limit, _MOST_RUNS)
    with call.deps.database.read() as session:
        found = listed.newest_runs(session, wish.task_id, statuses_of(wish.status), limit=limit)
    return [RunShape.of(run) for run in found]


@router.post("/get_run_details")
def get_run_details(wish: DetailsWish, call: CallDep) -> LastRun:
    call.about(Role.VIEWER, run_id=wish.pod_id)
    with call.deps.database.read() as session:
        run = runs.get(session, wish.pod_id)
    if run.status not in SHOWN or wish.task not in (None, run.task_id):
        raise NotFound.named("run", wish.pod_id)
    return LastRun.of(run)


@router.post("/get_logs_for_run")
def get_logs_for_run(wish: LogsWish, call: CallDep) -> LinesTold:
    """The last lines, oldest first; without a number all of them, as many as one answer may hold."""
    call.about(Role.VIEWER, run_id=wish.id)
    most = _MOST_LINES if wish.lines is None else min(wish.lines, _MOST_LINES)
    found = call.deps.logs.tail(wish.id, limit=most, max_bytes=_MOST_TEXT_BYTES) if most else []
    return LinesTold(logs=[*_left_out(found, wish.lines), *map(_told, found)])


def _left_out(found: list[Line], wanted: int | None) -> Iterator[str]:
    """A line in the place of the first ones, where more were wanted than are told."""
    if not found or found[0].number == 1 or wanted == len(found):
        return
    text = f"The {found[0].number - 1:,} lines before these are not told here; `macropod run download-logs` has them."
    yield _told(Line(found[0].number - 1, found[0].printed_at, Stream.SYSTEM, text))


def _told(line: Line) -> str:
    """As the log of a container has it. What the system says is marked with its name."""
    if line.stream is Stream.SYSTEM:
        return f"{_instant(line.printed_at)} stdout F macropod: {line.text}"
    return f"{_instant(line.printed_at)} {line.stream.value} F {line.text}"


def _instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
