"""List and read runs."""

from typing import Annotated

from fastapi import APIRouter, Query
from sqlmodel import Session

from macropod_server.api.access import CallerDep, DepsDep
from macropod_server.api.schemas import RunOut, RunPage
from macropod_server.db import runs, tasks
from macropod_server.db.paging import next_place
from macropod_server.db.tables import Run
from macropod_server.deps import Deps
from macropod_server.domain.run import RunKind, RunStatus

router = APIRouter(prefix="/v1/runs", tags=["runs"])


@router.get("")
def list_runs(
    deps: DepsDep,
    caller: CallerDep,
    task_id: str | None = None,
    orchestration_id: str | None = None,
    kind: RunKind | None = None,
    status: RunStatus | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    before: str | None = None,
) -> RunPage:
    """Newest first."""
    with deps.database.read() as session:
        found = runs.find(
            session,
            caller.workspace_id,
            task_id=task_id,
            orchestration_id=orchestration_id,
            kind=kind,
            status=status,
            limit=limit,
            before=before,
        )
        names = tasks.names(session, {run.task_id for run in found if run.task_id})
    following = deps.logs.expected_of({run.id for run in found})
    return RunPage(
        items=[
            RunOut.of(run, task_name=names.get(run.task_id or ""), line_count=following[run.id] - 1) for run in found
        ],
        next_before=next_place(found, "created_at", limit=limit),
    )


@router.get("/{run_id}")
def show(run_id: str, deps: DepsDep, caller: CallerDep) -> RunOut:
    with deps.database.read() as session:
        return told(deps, session, runs.get(session, run_id, workspace_id=caller.workspace_id))


def told(deps: Deps, session: Session, run: Run) -> RunOut:
    """A run as it is shown to people, with its task's name and how many lines it has."""
    task_name = tasks.get(session, run.task_id).name if run.task_id else None
    return RunOut.of(run, task_name=task_name, line_count=deps.logs.expected(run.id) - 1)
