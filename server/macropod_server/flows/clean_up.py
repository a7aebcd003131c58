"""Remove containers of ended runs, and environments that were begun and never finished."""

from datetime import datetime, timedelta

import structlog

from macropod_server.db import orchestrations, runs
from macropod_server.db.tables import Run
from macropod_server.deps import Deps
from macropod_server.domain.run import RunKind
from macropod_server.domain.task import EnvironmentStatus
from macropod_server.flows.put_off import putting_off

log = structlog.get_logger()

_BATCH = 20


def clean_up(deps: Deps) -> bool:
    """Remove what is left of some ended runs; True when there may be more."""
    now = deps.clock()
    with deps.database.read() as session:
        ended = runs.uncleaned(session, now=now, limit=_BATCH)
    for run in ended:
        with putting_off(deps, run, now=now):
            _remove(deps, run, now=now)
    return len(ended) == _BATCH


def _remove(deps: Deps, run: Run, *, now: datetime) -> None:
    deps.spawner.remove(run.id, grace=timedelta(seconds=deps.settings.grace_seconds))
    if run.kind is RunKind.PACKAGING and not _has_built(deps, run):
        deps.spawner.discard(run.id)
    with deps.database.write() as session:
        runs.note(session, run.id, removed_at=now)


def _has_built(deps: Deps, run: Run) -> bool:
    with deps.database.read() as session:
        environment = orchestrations.environment_built_by(session, run.id)
    return environment is not None and environment.status is EnvironmentStatus.READY


def remove_leftovers(deps: Deps) -> bool:
    """Remove containers of this installation that no run row stands behind, or whose run has ended."""
    for run_id in deps.spawner.list():
        if _is_leftover(deps, run_id):
            _remove_leftover(deps, run_id)
    return False


def _remove_leftover(deps: Deps, run_id: str) -> None:
    """One that resists is tried again next time and holds up no other."""
    try:
        deps.spawner.remove(run_id, grace=timedelta(0))
    except Exception as error:
        log.warning("leftover_not_removed", run_id=run_id, reason=str(error))


def _is_leftover(deps: Deps, run_id: str) -> bool:
    with deps.database.read() as session:
        return runs.has_ended(session, run_id)
