"""Start queued runs: claim some, let the spawner start their containers side by side."""

from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlmodel import Session

from macropod_server.db import locks, orchestrations, pauses, queue, runs, tasks
from macropod_server.db.tables import Orchestration, Run, Task
from macropod_server.deps import Deps
from macropod_server.domain.flavor import Flavor
from macropod_server.domain.naming import run_token
from macropod_server.domain.run import Reason, RunKind, RunStatus
from macropod_server.domain.task import OrchestrationStatus, TaskStatus
from macropod_server.flows.allot_resources import allotted, placement_of
from macropod_server.flows.find_environment import check_environment, lose_environment
from macropod_server.flows.finish_run import Ending, finish_run
from macropod_server.flows.observe_spawn import observed_spawn
from macropod_server.flows.rebuild_environment import rebuild_missing
from macropod_server.flows.side_by_side import side_by_side
from macropod_server.flows.time_limits import deadline_seconds, delay_lasted, grace_seconds, start_lasted, start_limit
from macropod_server.spawners.base import (
    ContainerStuck,
    CouldNotStart,
    EnvironmentNotFound,
    ImageNotFound,
    NoRoom,
    Order,
    SpawnerUnavailable,
)
from macropod_server.storage.base import StorageUnavailable

log = structlog.get_logger()

_REASONS = {ImageNotFound: Reason.IMAGE_NOT_FOUND, EnvironmentNotFound: Reason.ENVIRONMENT_NOT_FOUND}
_BATCH = 8
_PAUSE = timedelta(seconds=5)
"""How long a run that could not be started lets others go first."""
_INSTALLED_ANEW = (
    "The packages of this orchestration are not there (environment {environment}); they are installed again from "
    "their lock."
)


def start_runs(deps: Deps) -> bool:
    """Claim and start the oldest runs that may start; True when there may be more."""
    now = deps.clock()
    claimed = _claim(deps, now=now)
    for run in claimed:
        start_lasted(deps, run)  # Its time begins.
    side_by_side(lambda run: spawn(deps, run, now=now), claimed)
    return len(claimed) == _BATCH


def spawn(deps: Deps, run: Run, *, now: datetime) -> None:
    """Start the container of a claimed run; harmless when it is started already."""
    try:
        order = order_of(deps, run)
        with observed_spawn(deps, run):
            deps.spawner.spawn(order)
    except SpawnerUnavailable as error:
        _put_back(deps, run, Ending(Reason.SPAWNER_UNAVAILABLE, error.message), now=now)
    except NoRoom as error:
        _put_back(deps, run, Ending(Reason.QUOTA_EXCEEDED, error.message), now=now)
    except (ContainerStuck, StorageUnavailable) as error:
        _put_back(deps, run, Ending(Reason.COULD_NOT_START, error.message), now=now)
    except CouldNotStart as error:
        _refuse(deps, run, error, now=now)
    else:
        log.info("run_started", run_id=run.id, task_id=run.task_id, kind=run.kind.value)


def order_of(deps: Deps, run: Run) -> Order:
    with deps.database.read() as session:
        orchestration = orchestrations.get(session, run.orchestration_id)
        digest = orchestration.environment if run.kind is RunKind.TASK else None
        environment = orchestrations.environment(session, digest) if digest else None
        task = tasks.get(session, run.task_id) if run.task_id else None
    if environment is not None:
        check_environment(deps, environment)
    return Order(
        run_id=run.id,
        task_id=run.task_id,
        workspace_id=run.workspace_id,
        command="package" if run.kind is RunKind.PACKAGING else "run",
        token=run_token(run.id, key=deps.run_key),
        limits=allotted(deps, task),
        environment=environment.name if environment else None,
        image=_pinned_image(deps, run, orchestration.flavor),
        grace_seconds=grace_seconds(deps, task),
        deadline_seconds=deadline_seconds(deps, task),
        placement=placement_of(deps, task),
        flavor=orchestration.flavor,
    )


def _claim(deps: Deps, *, now: datetime) -> list[Run]:
    """Nothing while another server claims; that one calls the others when it leaves some over."""
    claimed: list[Run] = []
    with deps.database.write() as session:
        if not locks.alone_now(session, "claim"):
            return claimed
        pauses.hold_still(session)
        while len(claimed) < _BATCH and (found := _next_startable(deps, session, now=now)):
            run, task = tasks.hold_run(session, found.id)
            if run.status is not RunStatus.QUEUED or (task is not None and task.status is TaskStatus.PAUSED):
                continue  # That was done to it while its lock was waited for.
            if queue.take_places(session, run, task, now=now):
                _begin(deps, session, run, task, now=now)
                claimed.append(run)
    if len(claimed) == _BATCH:
        deps.signals.wake("start_run")
    return claimed


def _next_startable(deps: Deps, session: Session, *, now: datetime) -> Run | None:
    return queue.next_startable(session, deps.concurrency, spawner=deps.spawner.name, now=now)


def _begin(deps: Deps, session: Session, run: Run, task: Task | None, *, now: datetime) -> None:
    orchestration = orchestrations.get(session, run.orchestration_id, locked=run.kind is RunKind.PACKAGING)
    facts: dict[str, Any] = {"claimed_at": now, "contact_at": now, "message": None, "spawner": deps.spawner.name}
    if run.kind is RunKind.PACKAGING:
        _note_packaging(orchestration, now=now)
    else:
        facts["environment"] = orchestration.environment
    runs.advance(session, run, RunStatus.STARTING, now=now, **facts)
    tasks.note_run(session, run, task, now=now)


def _pinned_image(deps: Deps, run: Run, flavor: Flavor) -> str | None:
    """Found out at its first start: whatever is called the same later does not take its place."""
    image = run.image or deps.spawner.image(flavor)
    if image is not None and run.image is None:
        with deps.database.write() as session:
            runs.note(session, run.id, image=image)
    return image


def _note_packaging(orchestration: Orchestration, *, now: datetime) -> None:
    orchestration.status = OrchestrationStatus.PACKAGING
    orchestration.updated_at = now


def _refuse(deps: Deps, run: Run, error: CouldNotStart, *, now: datetime) -> None:
    if isinstance(error, EnvironmentNotFound):
        lose_environment(deps, error.environment)
        if rebuild_missing(deps, run, error.environment, now=now):
            message = _INSTALLED_ANEW.format(environment=error.environment)
            _put_back(deps, run, Ending(Reason.ENVIRONMENT_NOT_FOUND, message), now=now)
            return
    reason = _REASONS.get(type(error), Reason.COULD_NOT_START)
    finish_run(deps, run.id, Ending(reason, error.message), now=now, seen=run)


def _put_back(deps: Deps, run: Run, trouble: Ending, *, now: datetime) -> None:
    """Whether the container was made is not known; the same name will tell next time, unless it took too long."""
    log.warning("run_delayed", run_id=run.id, reason=trouble.message)
    is_hopeless = delay_lasted(deps, run) > start_limit(deps, run)
    with deps.database.write() as session:
        current, task = tasks.hold_run(session, run.id)
        if current.is_still(run) and not is_hopeless and not current.stop_requested_at:
            facts: dict[str, Any] = {"delayed_since": current.delayed_since or now, "put_off_until": now + _PAUSE}
            message = f"Waiting: {trouble.message}"
            runs.advance(session, current, RunStatus.QUEUED, now=now, message=message, **facts)
            tasks.note_run(session, current, task, now=now)
            return
    if current.stop_requested_at:
        trouble = Ending(Reason.KILL_REQUESTED, "The run was stopped before main.py began.")
    finish_run(deps, run.id, trouble, now=now, seen=run)
