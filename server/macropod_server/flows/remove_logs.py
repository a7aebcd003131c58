"""Remove logs that are too old, or more than a workspace keeps, and leave a line that says so; their runs stay.

First they are marked, then their lines go, then the mark: cut short anywhere, it is taken up where it was.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from macropod_server.db import run_logs
from macropod_server.deps import Deps
from macropod_server.domain.portions import portions
from macropod_server.domain.retention import LogRemoval, bound, removed_lines

_BATCH = 100


@dataclass(frozen=True)
class RemovedLogs:
    count: int
    bytes: int


def remove_logs(deps: Deps, *, now: datetime, at_most: int) -> RemovedLogs:
    """Of so many runs at most; each portion takes a few short transactions."""
    removed = [_finish(deps)]
    with deps.database.read() as session:
        found = list(logs_to_remove(deps, session, now=now, limit=at_most))
    for removal, run_ids in found:
        for some in portions(run_ids, _BATCH):
            with deps.database.write() as session:
                run_logs.mark_leaving(session, some, removal, now=now)
            removed.append(_finish(deps))
    return RemovedLogs(sum(each.count for each in removed), sum(each.bytes for each in removed))


def logs_to_remove(
    deps: Deps, session: Session, *, now: datetime, limit: int
) -> Iterator[tuple[LogRemoval, list[str]]]:
    """Too old ones go first; what is left is looked at by its size the next time."""
    since = bound(now, days=deps.settings.keep_logs_days).since
    old = run_logs.older(session, since, limit=limit) if since is not None else []
    most = deps.settings.keep_logs_bytes_per_workspace
    if old or not most:
        yield LogRemoval.AGE, old
    else:
        yield LogRemoval.SIZE, run_logs.surplus(session, most, limit=limit)


def _finish(deps: Deps) -> RemovedLogs:
    with deps.database.read() as session:
        leaving = run_logs.leaving(session, limit=_BATCH)
    if not leaving:
        return RemovedLogs(0, 0)
    deps.logs.replace(
        {each.run_id: removed_lines(each.removal, lines=each.line_count, size=each.text_bytes) for each in leaving}
    )
    with deps.database.write() as session:
        run_logs.forget(session, [each.run_id for each in leaving])
    return RemovedLogs(len(leaving), sum(each.bytes for each in leaving))
