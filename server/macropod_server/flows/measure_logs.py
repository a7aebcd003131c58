"""Note how much is stored of the logs of ended runs, so that sums and retention need not look at their lines."""

from collections.abc import Collection

from macropod_server.db import run_logs
from macropod_server.db.run_logs import Stored
from macropod_server.deps import Deps
from macropod_server.logstore.base import LogSize

_BATCH = 100


def measure_logs(deps: Deps) -> bool:
    """Those that nobody has measured: there before there was a place to note it. True when there may be more."""
    with deps.database.read() as session:
        found = run_logs.unmeasured(session, limit=_BATCH)
    note_sizes(deps, found)
    return len(found) == _BATCH


def note_sizes(deps: Deps, run_ids: Collection[str]) -> None:
    """Harmless to repeat; lines that come later than this are not counted."""
    if not run_ids:
        return
    sizes = deps.logs.sizes(run_ids)
    with deps.database.write() as session:
        run_logs.note(session, run_ids, {run_id: _stored(size) for run_id, size in sizes.items()})


def _stored(size: LogSize) -> Stored:
    return Stored(size.bytes, size.text_bytes, size.lines, size.outside_bytes)
