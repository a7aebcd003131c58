"""Lists over several workspaces at once, and of several tasks their newest runs."""

from collections.abc import Collection, Sequence

from sqlmodel import Session, col, select

from macropod_server.db.tables import Orchestration, Run, Task
from macropod_server.domain.portions import portions
from macropod_server.domain.run import RunStatus
from macropod_server.domain.task import TaskStatus

_AT_ONCE = 500


def orchestrations(session: Session, workspace_ids: Collection[int], *, limit: int) -> list[Orchestration]:
    """The newest so many, the oldest of them first."""
    is_there = (col(Orchestration.workspace_id).in_(workspace_ids), col(Orchestration.deleted_at).is_(None))
    query = select(Orchestration).where(*is_there)
    newest = query.order_by(col(Orchestration.created_at).desc(), col(Orchestration.id).desc()).limit(limit)
    return list(session.exec(newest))[::-1]


def tasks(
    session: Session,
    workspace_ids: Collection[int],
    *,
    killed: bool = False,
    orchestration_ids: Collection[str] | None = None,
    sha256: str | None = None,
    limit: int,
) -> list[Task]:
    """Newest `updated_at` first. `killed` keeps only killed tasks; otherwise all are listed."""
    query = select(Task).where(col(Task.workspace_id).in_(workspace_ids))
    if killed:
        query = query.where(col(Task.status) == TaskStatus.KILLED)
    if orchestration_ids is not None:
        query = query.where(col(Task.orchestration_id).in_(orchestration_ids))
    if sha256 is not None:
        of_these_bytes = select(Orchestration.id).where(col(Orchestration.sha256) == sha256)
        query = query.where(col(Task.orchestration_id).in_(of_these_bytes))
    return list(session.exec(query.order_by(col(Task.updated_at).desc(), col(Task.id).desc()).limit(limit)))


def newest_runs(session: Session, task_id: str, among: Collection[RunStatus], *, limit: int) -> list[Run]:
    """Of those with one of these statuses, newest first."""
    query = select(Run).where(col(Run.task_id) == task_id, col(Run.status).in_(among))
    return list(session.exec(query.order_by(col(Run.created_at).desc(), col(Run.id).desc()).limit(limit)))


def newest_run_of_each(session: Session, tasks: Sequence[Task], among: Collection[RunStatus]) -> dict[str, Run]:
    """By the id of the task. Mostly it is the one that the task itself names."""
    found: dict[str, Run] = {}
    for some in portions([task.last_run_id for task in tasks if task.last_run_id], _AT_ONCE):
        query = select(Run).where(col(Run.id).in_(some), col(Run.status).in_(among))
        found |= {run.task_id: run for run in session.exec(query) if run.task_id}
    for task_id in [task.id for task in tasks if task.last_run_id and task.id not in found]:
        if newest := newest_runs(session, task_id, among, limit=1):
            found[task_id] = newest[0]
    return found
