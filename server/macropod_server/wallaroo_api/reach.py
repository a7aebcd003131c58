"""Which workspaces somebody reaches."""

from sqlmodel import Session

from macropod_server.db import access, accounts
from macropod_server.db.tables import Workspace
from macropod_server.domain.identity import Identity


def workspaces(session: Session, identity: Identity) -> list[Workspace]:
    """Oldest first; the only one of a run, and of a token that is bound to one."""
    if identity.is_bound:
        has_business = accounts.role_of(session, identity, identity.workspace_id) is not None
        return [access.workspace(session, identity.workspace_id or 0)] if has_business else []
    found = [workspace for workspace, _ in accounts.workspaces_of(session, identity.user_id)]
    return sorted(found, key=lambda workspace: workspace.id or 0)
