"""List and read runs."""

from typing import Annotated

from fastapi import APIRouter, Query
from sqlmodel import Session

from macropod_server.api.access import CallerDep, DepsDep
from macropod_server.api.schemas import RunOut, RunPage
from macropod_server.db import runs, tasks
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
        return RunPage(items=[told(deps, session, run) for run in found])


@router.get("/{run_id}")
def show(run_id: str, deps: DepsDep, caller: CallerDep) -> RunOut:
    with deps.database.read() as session:
        return told(deps, session, runs.get(session, run_id, workspace_id=caller.workspace_id))


def told(deps: Deps, session: Session, run: Run) -> RunOut:
    """A run as it is shown to people, with its task's name and how many lines it has."""
    task_name = tasks.get(session, run.task_id).name if run.task_id else None
    return RunOut.of(run, task_name=task_name, line_count=deps.logs.expected(run.id) - 1)
