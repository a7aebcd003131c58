"""Which workspaces are paused, so that nothing of theirs starts."""

from datetime import datetime

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from macropod_server.db import locks
from macropod_server.db.tables import Task, Tick, Workspace
from macropod_server.domain.task import TaskKind, TaskStatus, TickOutcome
from macropod_server.domain.ticks import Pause

_MATTER = "pauses of workspaces"


def hold_still(session: Session) -> None:
    """No workspace is paused or resumed until the transaction ends. To be asked for before any task is locked."""
    locks.together(session, _MATTER)


def of_workspaces(session: Session) -> dict[int, Pause]:
    query = select(Workspace).where(col(Workspace.paused_at).is_not(None))
    return {each.id or 0: Pause("workspace", each.paused_by, each.pause_reason) for each in session.exec(query)}


def is_paused(session: Session, workspace_id: int) -> bool:
    return workspace_id in of_workspaces(session)


def hold(session: Session, workspace_id: int) -> Workspace:
    """The workspace as it is now, to be paused or resumed by nobody else until the transaction ends."""
    locks.alone(session, _MATTER)
    return session.get_one(Workspace, workspace_id, populate_existing=True)


def pause(workspace: Workspace, *, now: datetime, by: str | None, reason: str | None) -> None:
    workspace.paused_at, workspace.paused_by, workspace.pause_reason = now, by, reason


def resume(workspace: Workspace) -> None:
    workspace.paused_at = workspace.paused_by = workspace.pause_reason = None


def with_paused_ticks(
    session: Session,
    workspace_id: int,
    *,
    since: datetime | None = None,
    after: str = "",
    limit: int | None = None,
) -> list[Task]:
    """Scheduled tasks, locked, whose newest tick has passed in a pause (`since` then) that is not their own.

    Ordered by id, those after one.
    """
    newest = select(Tick.outcome).where(col(Tick.task_id) == col(Task.id))
    if since is not None:
        newest = newest.where(col(Tick.created_at) >= since)
    newest_outcome = newest.order_by(col(Tick.due_at).desc()).limit(1).scalar_subquery()
    query = (
        _scheduled(workspace_id)
        .where(col(Task.id) > after, newest_outcome == TickOutcome.PAUSED)
        .order_by(col(Task.id))
        .limit(limit)
        .with_for_update(key_share=True)
    )
    return list(session.exec(query, execution_options={"populate_existing": True}))


def with_ended_plan(session: Session, workspace_id: int) -> list[Task]:
    """Scheduled tasks, locked, that are active although nothing of their plan is left."""
    query = _scheduled(workspace_id).where(col(Task.next_due_at).is_(None))
    return list(session.exec(query.order_by(col(Task.id)).with_for_update(key_share=True)))


def _scheduled(workspace_id: int) -> SelectOfScalar[Task]:
    of_workspace = (col(Task.workspace_id) == workspace_id, col(Task.kind) == TaskKind.RUN_SCHEDULED)
    starts = (col(Task.status).in_((TaskStatus.PENDING, TaskStatus.STARTED)), col(Task.active))
    return select(Task).where(*of_workspace, *starts)
