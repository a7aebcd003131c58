"""Take what a runner tells of the end of its run; why somebody outside had it stopped, its spawner may know better."""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from macropod_server.db import runs
from macropod_server.deps import Deps
from macropod_server.domain.envelope import CannotOpen
from macropod_server.domain.run import Reason, is_final
from macropod_server.flows.finish_run import Ending, finish_run
from macropod_server.flows.store_lines import masker_of
from macropod_server.spawners.base import ContainerStuck, SpawnerUnavailable


def receive_end(deps: Deps, run_id: str, told: Ending, *, now: datetime) -> None:
    """May be repeated; the first report counts."""
    finish_run(deps, run_id, _masked(deps, run_id, _explained(deps, run_id, told)), now=now)


def _masked(deps: Deps, run_id: str, told: Ending) -> Ending:
    if not told.message and not told.error:
        return told
    with deps.database.read() as session:
        run = runs.get(session, run_id)
    try:
        mask = masker_of(deps, run).text
    except CannotOpen as refusal:
        # The end counts all the same; what may hold a secret does not.
        return replace(told, message=f"What the run said last is not shown. {refusal.message}", error=None)
    error = told.error and replace(
        told.error, exception=mask(told.error.exception), message=told.error.message and mask(told.error.message)
    )
    return replace(told, message=told.message and mask(told.message), error=error)


def _explained(deps: Deps, run_id: str, told: Ending) -> Ending:
    """A runner sees a signal, and not who sent it: who drains a node, makes room or deletes a pod says so elsewhere."""
    if told.reason is not Reason.EVICTED:
        return told
    with deps.database.read() as session:
        run = runs.get(session, run_id)
    if is_final(run.status) or run.stop_requested_at is not None or run.spawner != deps.spawner.name:
        return told
    with suppress(SpawnerUnavailable, ContainerStuck):
        if trouble := deps.spawner.why_stopped(run_id):
            return replace(told, reason=trouble.reason, message=trouble.message)
    return told
