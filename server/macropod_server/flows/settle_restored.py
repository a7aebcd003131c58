"""After a restore: say the truth about what was under way, and have environments built again from their locks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from macropod_server.db import restored, runs, tasks
from macropod_server.db.tables import Run
from macropod_server.deps import Deps
from macropod_server.domain.errors import Unavailable
from macropod_server.domain.run import Reason, RunKind, RunStatus
from macropod_server.flows.finish_run import Ending, finish_run
from macropod_server.flows.package_orchestration import Wait, give_up
from macropod_server.flows.rebuild_environment import rebuild_environment

_UNKNOWN = (
    "The run had not ended when the backup was made that this server was restored from. What became of it is not "
    "known, so it was not started again."
)
_LEFT_OUT = "Its bytes are not in the backup this server was restored from. Upload it again."
_RESTORED = "macropod-server restore"


@dataclass(frozen=True)
class Settled:
    """What the restore changed."""

    lost_runs: int
    rebuilt_orchestrations: int
    lost_orchestrations: int


def settle_restored(
    deps: Deps, *, takes_over: bool, is_paused: bool, left_out: Sequence[str], made_at: str, now: datetime
) -> Settled:
    """`takes_over`: nothing happened since the backup and the original is gone, so that its runs and containers are
    this one's. Otherwise this is a copy: it has no containers, and what waited may have been started by the original.
    """
    lost = 0 if takes_over else _end_runs(deps, now=now)
    rebuilt = _rebuild(deps, takes_over=takes_over, now=now)
    with deps.database.write() as session:
        restored.note_lines_moved_back(session)
        without_bytes = restored.with_bytes(session, left_out)
        for orchestration in without_bytes:
            give_up(session, orchestration, _LEFT_OUT, Wait(Reason.COULD_NOT_START, _LEFT_OUT), now=now)
        if is_paused:
            restored.pause_workspaces(session, by=_RESTORED, reason=f"Restored from the backup of {made_at}.", now=now)
    return Settled(lost, rebuilt, len(without_bytes))


def _end_runs(deps: Deps, *, now: datetime) -> int:
    """A run that waited then was most likely started since: it counts as started, and only what its task says about
    lost runs makes another attempt."""
    with deps.database.read() as session:
        unfinished = restored.unfinished(session)
    for run in unfinished:
        if run.kind is RunKind.PACKAGING:
            _forget(deps, run, now=now)
        else:
            _begin(deps, run, now=now)
            finish_run(deps, run.id, Ending(Reason.VANISHED, _UNKNOWN), now=now)
    with deps.database.write() as session:
        restored.note_removed(session, now=now)
    return len(unfinished)


def _begin(deps: Deps, run: Run, *, now: datetime) -> None:
    with deps.database.write() as session:
        held, _ = tasks.hold_run(session, run.id)
        if held.status is RunStatus.QUEUED:
            runs.advance(session, held, RunStatus.STARTING, now=now, claimed_at=now, contact_at=now)
        if held.status is RunStatus.STARTING:
            runs.advance(session, held, RunStatus.RUNNING, now=now, started_at=now, contact_at=now)


def _forget(deps: Deps, run: Run, *, now: datetime) -> None:
    """Its orchestration is packaged anew, so nothing follows from its end."""
    _begin(deps, run, now=now)
    with deps.database.write() as session:
        held = runs.get(session, run.id, locked=True)
        runs.advance(session, held, RunStatus.LOST, now=now, reason=Reason.VANISHED, message=_UNKNOWN)


def _rebuild(deps: Deps, *, takes_over: bool, now: datetime) -> int:
    there = _environments(deps) if takes_over else []
    with deps.database.write() as session:
        restored.note_environments_lost(session, but=there)
        restored.note_archives_lost(session)
        waiting = restored.to_package(session)
        for orchestration in waiting:
            rebuild_environment(session, orchestration, now=now)
    return len(waiting)


def _environments(deps: Deps) -> list[str]:
    """Empty where nobody can tell now: building them once more than needed does no harm."""
    if not deps.spawner.keeps_environments:
        return []
    try:
        return deps.spawner.environments()
    except Unavailable:
        return []
