"""Move the lines of ended runs from the database of logs to the bucket, once they are merged; and sweep after it.

They are put into the bucket, then let go of in the database, then that is noted: cut short anywhere, the next step
finds what is not done. An object that nobody came to note is found by the sweep.
"""

from datetime import timedelta

import structlog

from macropod_server.db import run_logs
from macropod_server.deps import Deps

log = structlog.get_logger()

_BATCH = 32
_UNDER_WAY = timedelta(hours=1)
"""A body is noted right after it was put; what is older than that and not noted never will be."""

SWEEP_MINUTES = 5
_PARTS = 256
"""Objects are named by runs, so their ids cut all there are into parts; one at a time is gone through, all in a day."""


def move_logs(deps: Deps) -> bool:
    """Some of it, those that ended first before others; True when there may be more."""
    if deps.settings.bucket is None:
        return False
    with deps.database.read() as session:
        run_ids = run_logs.unmoved(session, limit=_BATCH)
    if not run_ids:
        return False
    if deps.logs.move(*run_ids):
        return True
    sizes = deps.logs.sizes(run_ids)
    moved = {run_id: sizes[run_id].outside_bytes if run_id in sizes else 0 for run_id in run_ids}
    with deps.database.write() as session:
        run_logs.note_moved(session, moved, now=deps.clock())
    return len(run_ids) == _BATCH


def sweep_logs(deps: Deps) -> bool:
    part = int(deps.clock().timestamp()) // (60 * SWEEP_MINUTES) % _PARTS
    if removed := sweep_bucket(deps, f"{part:02x}"):
        log.info("logs_swept", count=removed)
    return False


def sweep_bucket(deps: Deps, beginning: str = "") -> int:
    return deps.logs.sweep(beginning, before=deps.clock() - _UNDER_WAY)
