"""List and read runs, and what made them; end one; keep one; run one once more."""

from typing import Annotated

from fastapi import APIRouter, Header, Query
from sqlmodel import Session

from macropod_server.api.access import DepsDep, MayEdit, MayEnd, MayRead, MayRun, Now
from macropod_server.api.lineage import LineageOut, lineage_of
from macropod_server.api.schemas import RerunOut, RunOut, RunPage
from macropod_server.db import runs, tasks
from macropod_server.db.paging import next_place
from macropod_server.db.tables import Run
from macropod_server.deps import Deps
from macropod_server.domain.run import RunKind, RunStatus
from macropod_server.flows.explain_waits import explain_waits
from macropod_server.flows.pin_run import pin_run, unpin_run
from macropod_server.flows.rerun import rerun
from macropod_server.flows.stop_run import kill_run

router = APIRouter(prefix="/v1/runs", tags=["runs"])


@router.get("")
def list_runs(
    deps: DepsDep,
    caller: MayRead,
    now: Now,
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
        waits = explain_waits(deps, session, found, now=now)
    following = deps.logs.expected_of({run.id for run in found})
    items = [
        RunOut.of(
            run,
            task_name=names.get(run.task_id or ""),
            line_count=following[run.id] - 1,
            waiting_for=waits.get(run.id),
        )
        for run in found
    ]
    return RunPage(items=items, next_before=next_place(found, "created_at", limit=limit))


@router.get("/{run_id}")
def show(run_id: str, deps: DepsDep, caller: MayRead) -> RunOut:
    with deps.database.read() as session:
        return told(deps, session, runs.get(session, run_id, workspace_id=caller.workspace_id))


@router.get("/{run_id}/lineage")
def lineage(run_id: str, deps: DepsDep, caller: MayRead) -> LineageOut:
    """All that made it what it is: bundle, lock, image, arguments, who or what started it, and its attempts."""
    with deps.database.read() as session:
        return lineage_of(session, runs.get(session, run_id, workspace_id=caller.workspace_id))


@router.post("/{run_id}/kill", status_code=202)
def kill(run_id: str, deps: DepsDep, caller: MayEnd, now: Now) -> RunOut:
    """End this run; its task goes on. Harmless when it has ended."""
    run = kill_run(deps, run_id, workspace_id=caller.workspace_id, requested_by=caller.name, now=now)
    with deps.database.read() as session:
        return told(deps, session, run)


@router.post("/{run_id}/pin")
def pin(run_id: str, deps: DepsDep, caller: MayEdit, now: Now) -> RunOut:
    """Keep this run and its log whatever retention says. Harmless when it is pinned."""
    run = pin_run(deps, run_id, workspace_id=caller.workspace_id, requested_by=caller.name, now=now)
    with deps.database.read() as session:
        return told(deps, session, run)


@router.post("/{run_id}/unpin")
def unpin(run_id: str, deps: DepsDep, caller: MayEdit) -> RunOut:
    """Keep it no longer than others. Harmless when it is not pinned."""
    run = unpin_run(deps, run_id, workspace_id=caller.workspace_id)
    with deps.database.read() as session:
        return told(deps, session, run)


@router.post("/{run_id}/rerun", status_code=201)
def run_again(
    run_id: str,
    deps: DepsDep,
    caller: MayRun,
    now: Now,
    idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
) -> RerunOut:
    """Make a new run of the same task with the same bundle, lock, arguments and resources."""
    made = rerun(
        deps,
        run_id,
        workspace_id=caller.workspace_id,
        idempotency_key=idempotency_key,
        requested_by=caller.name,
        now=now,
    )
    with deps.database.read() as session:
        return RerunOut(run=told(deps, session, made.run), differences=made.differences)


def told(deps: Deps, session: Session, run: Run) -> RunOut:
    """A run as it is shown to people: with its task's name, how many lines it has and what it waits for."""
    task_name = tasks.get(session, run.task_id).name if run.task_id else None
    waits = explain_waits(deps, session, [run], now=deps.clock())
    line_count = deps.logs.expected(run.id) - 1
    return RunOut.of(run, task_name=task_name, line_count=line_count, waiting_for=waits.get(run.id))
