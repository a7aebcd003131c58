"""Remove containers of ended runs, and environments that were begun and never finished."""

from datetime import datetime, timedelta
from typing import Any

import structlog

from macropod_server.db import orchestrations, runs
from macropod_server.db.tables import Run
from macropod_server.deps import Deps
from macropod_server.domain.errors import NotFound, Unavailable
from macropod_server.domain.run import RunKind, is_final
from macropod_server.domain.task import EnvironmentStatus

log = structlog.get_logger()

_BATCH = 20
_PUT_OFF = timedelta(minutes=1)


def clean_up(deps: Deps) -> bool:
    """Remove what is left of some ended runs; True when there may be more."""
    now = deps.clock()
    with deps.database.read() as session:
        ended = runs.uncleaned(session, now=now, limit=_BATCH)
    for run in ended:
        _remove_or_put_off(deps, run, now=now)
    return len(ended) == _BATCH


def _remove_or_put_off(deps: Deps, run: Run, *, now: datetime) -> None:
    """What cannot be removed now must not hold up the rest."""
    facts: dict[str, Any] = {"removed_at": now}
    try:
        _remove(deps, run)
    except Unavailable:
        raise
    except Exception:
        log.exception("run_not_removed", run_id=run.id, again_after_seconds=_PUT_OFF.total_seconds())
        facts = {"clean_after": now + _PUT_OFF}
    with deps.database.write() as session:
        runs.note(session, run.id, **facts)


def _remove(deps: Deps, run: Run) -> None:
    deps.spawner.remove(run.id, grace=timedelta(seconds=deps.settings.grace_seconds))
    if run.kind is RunKind.PACKAGING and not _has_built(deps, run):
        deps.spawner.discard(run.id)


def _has_built(deps: Deps, run: Run) -> bool:
    with deps.database.read() as session:
        environment = orchestrations.environment_built_by(session, run.id)
    return environment is not None and environment.status is EnvironmentStatus.READY


def remove_leftovers(deps: Deps) -> bool:
    """Remove containers of this installation that no run row stands behind, or whose run has ended."""
    for run_id in deps.spawner.list():
        if _is_leftover(deps, run_id):
            deps.spawner.remove(run_id, grace=timedelta(0))
    return False


def _is_leftover(deps: Deps, run_id: str) -> bool:
    try:
        with deps.database.read() as session:
            return is_final(runs.get(session, run_id).status)
    except NotFound:
        return True
