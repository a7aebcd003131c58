"""Make a workspace that belongs to somebody."""

from datetime import datetime

import structlog
from sqlmodel import Session

from macropod_server.db import accounts, workspaces
from macropod_server.db.tables import Workspace
from macropod_server.deps import Deps
from macropod_server.domain.accounts import default_workspace_name, workspace_name
from macropod_server.domain.naming import counted

log = structlog.get_logger()


def create_workspace(deps: Deps, name: str, *, owner_id: str, now: datetime) -> Workspace:
    """Raises `Invalid` for a name that cannot be one, `Conflict` for one that is taken."""
    workspace_name(name)
    with deps.database.write() as session:
        workspaces.hold_names(session)
        workspaces.check_is_free(session, name)
        workspace = workspaces.add(session, name, owner_id=owner_id, now=now)
    log.info("workspace_created", workspace_id=workspace.id, owner_id=owner_id)
    return workspace


def ensure_default_workspace(deps: Deps, user_id: str, *, now: datetime) -> Workspace:
    """Where calls of a user act that name no other. Made at first, and again for somebody who was removed from it."""
    with deps.database.read() as session:
        if found := default_workspace(session, user_id):
            return found
    with deps.database.write() as session:
        return give_default_workspace(session, user_id, now=now)


def give_default_workspace(session: Session, user_id: str, *, now: datetime) -> Workspace:
    workspaces.hold_names(session)
    if found := default_workspace(session, user_id):
        return found
    user = accounts.user(session, user_id)
    names = counted(default_workspace_name(user.email))
    name = next(name for name in names if not workspaces.is_taken(session, name))
    workspace = workspaces.add(session, name, owner_id=user_id, now=now)
    user.default_workspace_id = workspace.id
    session.add(user)
    return workspace


def default_workspace(session: Session, user_id: str) -> Workspace | None:
    """None for somebody who has none yet, or was removed from it."""
    user = accounts.user(session, user_id)
    workspace_id = user.default_workspace_id
    if workspace_id is None or workspaces.member(session, workspace_id, user.id) is None:
        return None
    return workspaces.get(session, workspace_id)
