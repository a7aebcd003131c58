"""The switch for a whole workspace: nothing of it starts; resumed, what is to start is spread over some time."""

from datetime import datetime, timedelta

import structlog

from macropod_server.db import access, pauses, present, workspaces
from macropod_server.db.tables import Workspace
from macropod_server.deps import Deps
from macropod_server.flows.admit_run import tell
from macropod_server.flows.ask_again import ask_again, close

log = structlog.get_logger()

_BATCH = 200
_CLOCKS_DIFFER = timedelta(minutes=1)
"""How much the clocks of several servers may differ."""


def pause_all(
    deps: Deps, *, workspace_id: int, reason: str | None, requested_by: str | None, now: datetime
) -> Workspace:
    """Runs that have started go on. Pausing twice changes nothing: who was first and why stays noted."""
    with deps.database.write() as session:
        workspace = pauses.hold(session, workspace_id)
        if workspace.paused_at is not None:
            return workspace
        pauses.pause(workspace, now=now, by=requested_by, reason=reason)
    log.info("workspace_paused", workspace_id=workspace_id, by=requested_by)
    return workspace


def resume_all(
    deps: Deps, *, workspace_id: int, spread: timedelta, requested_by: str | None, now: datetime
) -> Workspace:
    """All runs that wait then, also those of ticks that passed meanwhile, start one after the other over `spread`.

    Ended half-way the workspace is still paused; asked for again, it carries on.
    """
    with deps.database.read() as session:
        workspace = access.workspace(session, workspace_id)
        workspaces.check_is_open(workspace)
    if workspace.paused_at is None:
        return workspace
    _ask_in_parts(deps, workspace_id, now=now)
    most_queued = deps.settings.max_queued_per_task
    with deps.database.write() as session:
        workspace = pauses.hold(session, workspace_id)
        workspaces.check_is_open(workspace)
        pauses.resume(workspace)
        # Ticks that passed while the others were asked about; to ask about one twice does no harm.
        held = pauses.with_paused_ticks(session, workspace_id, since=now - _CLOCKS_DIFFER)
        asked = ask_again(session, held, most_queued=most_queued, now=now)
        close(session, pauses.with_ended_plan(session, workspace_id))
        present.spread_out(session, workspace_id, spread, now=now)
    log.info("workspace_resumed", workspace_id=workspace_id, by=requested_by)
    tell(deps, asked)
    deps.signals.wake("start_run", "enqueue_due")
    return workspace


def _ask_in_parts(deps: Deps, workspace_id: int, *, now: datetime) -> None:
    """No transaction is long, however many tasks there are; the runs wait meanwhile, for the workspace is paused."""
    after: str | None = ""
    while after is not None:
        with deps.database.write() as session:
            pauses.hold(session, workspace_id)
            held = pauses.with_paused_ticks(session, workspace_id, after=after, limit=_BATCH)
            asked = ask_again(session, held, most_queued=deps.settings.max_queued_per_task, now=now)
        tell(deps, asked)
        after = held[-1].id if len(held) == _BATCH else None
