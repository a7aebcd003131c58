"""How well a task keeps its time."""

from datetime import datetime, timedelta

from macropod_server.db import tasks, ticks
from macropod_server.deps import Deps
from macropod_server.domain.cadence import Cadence, reckon

_MOST_TICKS = 50_000
"""Of more than these only the newest count."""


def cadence(deps: Deps, task_id: str, *, workspace_id: int, days: int, now: datetime) -> Cadence:
    with deps.database.read() as session:
        task = tasks.get(session, task_id, workspace_id=workspace_id)
        return reckon(ticks.beats(session, task.id, since=now - timedelta(days=days), limit=_MOST_TICKS))
