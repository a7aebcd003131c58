"""Remove containers of ended runs, and environments that were begun and never finished."""

from datetime import datetime

import structlog

from macropod_server.db import orchestrations, runs
from macropod_server.db.tables import Run
from macropod_server.deps import Deps
from macropod_server.domain.run import RunKind
from macropod_server.domain.task import EnvironmentStatus
from macropod_server.flows.put_off import putting_off
from macropod_server.flows.side_by_side import side_by_side
from macropod_server.flows.time_limits import grace

log = structlog.get_logger()

_BATCH = 20


def clean_up(deps: Deps) -> bool:
    """Remove what is left of some ended runs; True when there may be more."""
    now = deps.clock()
    with deps.database.read() as session:
        ended = runs.uncleaned(session, spawner=deps.spawner.name, now=now, limit=_BATCH)
    # A cluster takes a second or two to say that a container is gone, which the next must not wait for.
    side_by_side(lambda run: _remove_safely(deps, run, now=now), ended)
    return len(ended) == _BATCH


def _remove_safely(deps: Deps, run: Run, *, now: datetime) -> None:
    with putting_off(deps, run):
        _remove(deps, run, now=now)


def _remove(deps: Deps, run: Run, *, now: datetime) -> None:
    deps.spawner.remove(run.id, grace=grace(deps, run))
    if run.kind is RunKind.PACKAGING and not _has_built(deps, run):
        deps.spawner.discard(run.id)
    with deps.database.write() as session:
        runs.note(session, run.id, removed_at=now)
    deps.signals.wake("start_run")


def _has_built(deps: Deps, run: Run) -> bool:
    with deps.database.read() as session:
        environment = orchestrations.environment_built_by(session, run.id)
    return environment is not None and environment.status is EnvironmentStatus.READY
