"""Make few large chunks of the lines of ended runs, in the order of their ends: they are read and searched faster.
Then note how much they are."""

from datetime import timedelta

import structlog

from macropod_server.db import events
from macropod_server.deps import Deps
from macropod_server.domain.errors import Unavailable
from macropod_server.flows.measure_logs import note_sizes

log = structlog.get_logger()

_BATCH = 20
_SETTLED = timedelta(minutes=2)
"""After its end a runner may still send lines, and lines of a lost one may still be saved."""


def merge_logs(deps: Deps) -> bool:
    """Merge some, or a part of a large one; True when there may be more. How far it came is kept with the lines."""
    position = begun_at = deps.logs.merged_until()
    with deps.database.read() as session:
        ended = events.runs_ended(session, number=position, until=deps.clock() - _SETTLED, limit=_BATCH)
    has_rest = False
    for number, run_id in ended:
        has_rest = _merge(deps, run_id)
        if has_rest:
            break
        position = number
    if position != begun_at:
        note_sizes(deps, [run_id for number, run_id in ended if number <= position])
        deps.logs.note_merged(position)
    return has_rest or len(ended) == _BATCH


def _merge(deps: Deps, run_id: str) -> bool:
    """A run whose chunks cannot be read holds up no other."""
    try:
        return deps.logs.merge(run_id)
    except Unavailable:
        raise
    except Exception:
        log.exception("merge_failed", run_id=run_id)
        return False
