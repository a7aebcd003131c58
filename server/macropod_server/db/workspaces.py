"""Workspaces and who belongs to them."""

from collections.abc import Collection
from datetime import datetime

from sqlmodel import Session, col, select

from macropod_server.db import locks
from macropod_server.db.tables import Member, Workspace
from macropod_server.domain.errors import Conflict, NotFound
from macropod_server.domain.roles import Role

_LONGEST_ID = 10


def get(session: Session, workspace_id: int) -> Workspace:
    if (found := session.get(Workspace, workspace_id)) is None:
        raise no_workspace(str(workspace_id))
    return found


def id_in(text: str) -> int | None:
    """None for what cannot be the id of one."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < _LONGEST_ID else None


def names(session: Session, ids: Collection[int]) -> dict[int, str]:
    found = session.exec(select(Workspace).where(col(Workspace.id).in_(ids)))
    return {each.id or 0: each.name for each in found}


def check_is_open(workspace: Workspace) -> None:
    """Raises `Conflict` for one in which nothing is to be changed any more."""
    if workspace.archived_at is not None:
        raise Conflict(
            f"Workspace {workspace.name!r} is archived: it is there to be read. "
            f"`macropod workspace unarchive` opens it again."
        )


def no_workspace(name: str) -> NotFound:
    """The same for one there is not and for one that is none of the caller's business."""
    return NotFound(f"There is no workspace {name!r} in reach of this token. `macropod workspace list` shows those.")


def hold_names(session: Session) -> None:
    """Nobody else makes or renames a workspace until the transaction ends."""
    locks.alone(session, "names of workspaces")


def is_taken(session: Session, name: str) -> bool:
    return session.exec(select(Workspace.id).where(Workspace.name == name)).first() is not None


def check_is_free(session: Session, name: str) -> None:
    """To be asked while `hold_names` holds."""
    if is_taken(session, name):
        raise Conflict(f"There is a workspace {name!r} already; names are taken once on a server.")


def add(session: Session, name: str, *, owner_id: str, now: datetime) -> Workspace:
    """With its first owner."""
    workspace = Workspace(name=name, created_by=owner_id, created_at=now)
    session.add(workspace)
    session.flush()
    assert workspace.id is not None
    session.add(Member(workspace_id=workspace.id, user_id=owner_id, role=Role.OWNER, created_at=now))
    session.flush()
    return workspace


def member(session: Session, workspace_id: int, user_id: str) -> Member | None:
    return session.get(Member, (workspace_id, user_id))


def hold_members(session: Session, workspace_id: int) -> None:
    """Nobody else changes who belongs to it until the transaction ends."""
    locks.alone(session, f"members of workspace {workspace_id}")


def has_other_owner(session: Session, workspace_id: int, user_id: str) -> bool:
    others = (col(Member.workspace_id) == workspace_id, col(Member.user_id) != user_id, Member.role == Role.OWNER)
    return session.exec(select(Member.user_id).where(*others).limit(1)).first() is not None
