"""Rename a workspace, archive it, and open it again."""

from datetime import datetime

import structlog
from sqlmodel import Session

from macropod_server.db import pauses, workspaces
from macropod_server.db.tables import Workspace
from macropod_server.deps import Deps
from macropod_server.domain.accounts import workspace_name

log = structlog.get_logger()

_WHY = "the workspace is archived"


def rename_workspace(deps: Deps, workspace_id: int, name: str) -> Workspace:
    """Raises `Invalid` for a name that cannot be one, `Conflict` for one that is taken."""
    with deps.database.write() as session:
        workspaces.hold_names(session)
        workspace = workspaces.get(session, workspace_id)
        workspaces.check_is_open(workspace)
        if name != workspace.name:
            workspace.name = _free_name(session, name)
            session.add(workspace)
    log.info("workspace_renamed", workspace_id=workspace_id)
    return workspace


def archive_workspace(deps: Deps, workspace_id: int, *, requested_by: str | None, now: datetime) -> Workspace:
    """From now on it can be read only. It is paused as well, so that nothing of it starts; what runs goes on."""
    with deps.database.write() as session:
        workspace = pauses.hold(session, workspace_id)
        if workspace.archived_at is None:
            workspace.archived_at = now
            if workspace.paused_at is None:
                pauses.pause(workspace, now=now, by=requested_by, reason=_WHY)
            session.add(workspace)
    log.info("workspace_archived", workspace_id=workspace_id, by=requested_by)
    return workspace


def reopen_workspace(deps: Deps, workspace_id: int, *, requested_by: str | None) -> Workspace:
    """It stays paused until it is resumed: who opens it looks first at what would start."""
    with deps.database.write() as session:
        workspace = pauses.hold(session, workspace_id)
        workspace.archived_at = None
        session.add(workspace)
    log.info("workspace_reopened", workspace_id=workspace_id, by=requested_by)
    return workspace


def _free_name(session: Session, name: str) -> str:
    workspaces.check_is_free(session, workspace_name(name))
    return name
