"""Pin a run: it is kept with its log, whatever retention says, until it is unpinned."""

from datetime import datetime

import structlog

from macropod_server.db import runs
from macropod_server.db.tables import Run
from macropod_server.deps import Deps

log = structlog.get_logger()


def pin_run(deps: Deps, run_id: str, *, workspace_id: int, requested_by: str | None, now: datetime) -> Run:
    """Harmless to repeat: who pinned it first, and when, stays noted. What was removed before does not come back."""
    with deps.database.write() as session:
        run = runs.get(session, run_id, workspace_id=workspace_id, locked=True)
        if run.pinned_at is None:
            run.pinned_at, run.pinned_by = now, requested_by
            session.add(run)
            log.info("run_pinned", run_id=run_id, by=requested_by)
    return run


def unpin_run(deps: Deps, run_id: str, *, workspace_id: int) -> Run:
    """What retention would have removed meanwhile goes with the next of its rounds."""
    with deps.database.write() as session:
        run = runs.get(session, run_id, workspace_id=workspace_id, locked=True)
        if run.pinned_at is not None:
            run.pinned_at, run.pinned_by = None, None
            session.add(run)
            log.info("run_unpinned", run_id=run_id)
    return run
