"""How much is stored of logs in a workspace, where, of which tasks, and what bounds it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from macropod_server.db import run_logs, tasks
from macropod_server.db.run_logs import Sum
from macropod_server.deps import Deps


@dataclass(frozen=True)
class LogUsage:
    """`names` are those of the tasks in `largest`."""

    total: Sum
    pinned: Sum
    largest: Sequence[Sum]
    names: dict[str, str]
    oldest_line_at: datetime | None


def log_usage(deps: Deps, *, workspace_id: int, tasks_limit: int) -> LogUsage:
    with deps.database.read() as session:
        total, largest = run_logs.sums(session, workspace_id, limit=tasks_limit)
        oldest = run_logs.oldest(session, workspace_id)
        found = LogUsage(
            total=total,
            pinned=run_logs.pinned(session, workspace_id),
            largest=largest,
            names=tasks.names(session, {each.task_id for each in largest if each.task_id}),
            oldest_line_at=None,
        )
    sizes = deps.logs.sizes([oldest]) if oldest else {}
    return replace(found, oldest_line_at=min((each.first_at for each in sizes.values()), default=None))
