"""Say what queued runs wait for."""

from collections.abc import Collection
from datetime import datetime

from sqlmodel import Session

from macropod_server.db import waits
from macropod_server.db.tables import Run
from macropod_server.deps import Deps
from macropod_server.domain.run import RunStatus
from macropod_server.domain.waiting import waits_for


def explain_waits(deps: Deps, session: Session, found: Collection[Run], *, now: datetime) -> dict[str, str]:
    """A sentence for each of these runs that is queued, by its id."""
    in_line = [run for run in found if run.status is RunStatus.QUEUED]
    if not in_line:
        return {}
    task_ids = {run.task_id for run in in_line if run.task_id}
    around = waits.around(session, deps.concurrency, spawner=deps.spawner.name, task_ids=task_ids, now=now)
    return {each.run_id: waits_for(each, around, now=now) for each in waits.queued(session, in_line)}
