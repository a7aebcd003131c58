"""Start queued runs: claim some, let the spawner start their containers side by side."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import structlog

from macropod_server.db import orchestrations, runs, tasks
from macropod_server.db.tables import Orchestration, Run
from macropod_server.deps import Deps
from macropod_server.domain.naming import run_token
from macropod_server.domain.run import Reason, RunKind, RunStatus
from macropod_server.domain.task import OrchestrationStatus
from macropod_server.flows.finish_run import Ending, finish_run
from macropod_server.spawners.base import CouldNotStart, ImageNotFound, Order, SpawnerUnavailable

log = structlog.get_logger()

_BATCH = 8


def start_runs(deps: Deps) -> bool:
    """Claim and start the oldest runs that may start; True when there may be more."""
    now = deps.clock()
    claimed = _claim(deps, now=now)
    if len(claimed) == 1:
        spawn(deps, claimed[0], now=now)
    elif claimed:
        with ThreadPoolExecutor(len(claimed)) as pool:
            list(pool.map(lambda run: spawn(deps, run, now=now), claimed))
    return len(claimed) == _BATCH


def spawn(deps: Deps, run: Run, *, now: datetime) -> None:
    """Start the container of a claimed run; harmless when it is started already."""
    try:
        deps.spawner.spawn(order_of(deps, run))
    except SpawnerUnavailable as error:
        log.warning("run_delayed", run_id=run.id, reason=error.message)
        _put_back(deps, run, now=now)
    except CouldNotStart as error:
        reason = Reason.IMAGE_NOT_FOUND if isinstance(error, ImageNotFound) else Reason.COULD_NOT_START
        finish_run(deps, run.id, Ending(reason=reason, message=error.message), now=now)
    else:
        log.info("run_started", run_id=run.id, task_id=run.task_id, kind=run.kind.value)


def order_of(deps: Deps, run: Run) -> Order:
    with deps.database.read() as session:
        orchestration = orchestrations.get(session, run.orchestration_id)
        digest = orchestration.environment if run.kind is RunKind.TASK else None
        environment = orchestrations.environment(session, digest) if digest else None
    return Order(
        run_id=run.id,
        task_id=run.task_id,
        workspace_id=run.workspace_id,
        command="package" if run.kind is RunKind.PACKAGING else "run",
        token=run_token(run.id, key=deps.run_key),
        limits=deps.limits,
        environment=environment.name if environment else None,
    )


def _claim(deps: Deps, *, now: datetime) -> list[Run]:
    claimed: list[Run] = []
    with deps.database.write() as session:
        while len(claimed) < _BATCH and (run := runs.next_startable(session, deps.concurrency)):
            if not runs.advance(session, run, RunStatus.STARTING, now=now, claimed_at=now, contact_at=now):
                break
            claimed.append(run)
            tasks.note_run(session, run, now=now)
            if run.kind is RunKind.PACKAGING:
                _note_packaging(orchestrations.get(session, run.orchestration_id), now=now)
    return claimed


def _note_packaging(orchestration: Orchestration, *, now: datetime) -> None:
    orchestration.status = OrchestrationStatus.PACKAGING
    orchestration.updated_at = now


def _put_back(deps: Deps, run: Run, *, now: datetime) -> None:
    """The spawner is away: whether the container was made is not known, and the same name will tell next time."""
    with deps.database.write() as session:
        current = runs.get(session, run.id)
        if current.status is RunStatus.STARTING:
            runs.advance(session, current, RunStatus.QUEUED, now=now)
