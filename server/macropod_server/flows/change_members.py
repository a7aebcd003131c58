"""Who belongs to a workspace, and as what. It always has an owner."""

from datetime import datetime

import structlog
from sqlmodel import Session

from macropod_server.db import accounts, workspaces
from macropod_server.db.tables import Member, User
from macropod_server.deps import Deps
from macropod_server.domain.accounts import email_address
from macropod_server.domain.errors import Conflict
from macropod_server.domain.roles import Role

log = structlog.get_logger()


def add_member(deps: Deps, workspace_id: int, email: str, role: Role, *, now: datetime) -> tuple[Member, User]:
    """Raises `Conflict` for somebody who belongs to it as something else, `NotFound` for who has no account."""
    with deps.database.write() as session:
        workspaces.hold_members(session, workspace_id)
        user = accounts.known_user(session, email_address(email))
        member = workspaces.member(session, workspace_id, user.id)
        if member is not None and member.role is not role:
            raise Conflict(f"{user.email} belongs to this workspace already, as {member.role}. Change that instead.")
        member = member or Member(workspace_id=workspace_id, user_id=user.id, role=role, created_at=now)
        session.add(member)
    log.info("member_set", workspace_id=workspace_id, user_id=user.id, role=role.value)
    return member, user


def set_member(
    deps: Deps, workspace_id: int, user_id: str, role: Role, *, now: datetime, keeps_more: bool = False
) -> Member:
    """Add somebody, or change what they are; `keeps_more`: unless they may do more already.

    Raises `NotFound`, and `Conflict` for the last owner.
    """
    with deps.database.write() as session:
        workspaces.hold_members(session, workspace_id)
        workspaces.get(session, workspace_id)
        accounts.user(session, user_id)
        member = workspaces.member(session, workspace_id, user_id)
        if member is None:
            member = Member(workspace_id=workspace_id, user_id=user_id, role=role, created_at=now)
        elif keeps_more and member.role.may(role):
            return member
        elif role is not Role.OWNER:
            _check_is_not_last_owner(session, member)
        member.role = role
        session.add(member)
    log.info("member_set", workspace_id=workspace_id, user_id=user_id, role=role.value)
    return member


def remove_member(deps: Deps, workspace_id: int, user_id: str, *, now: datetime) -> int:
    """How many were removed: none for somebody who is no member. Raises `Conflict` for the last owner."""
    with deps.database.write() as session:
        workspaces.hold_members(session, workspace_id)
        member = workspaces.member(session, workspace_id, user_id)
        if member is None:
            return 0
        _check_is_not_last_owner(session, member)
        session.delete(member)
    log.info("member_removed", workspace_id=workspace_id, user_id=user_id, removed_at=now.isoformat())
    return 1


def _check_is_not_last_owner(session: Session, member: Member) -> None:
    if member.role is Role.OWNER and not workspaces.has_other_owner(session, member.workspace_id, member.user_id):
        raise Conflict(
            f"This user is the only owner of workspace {member.workspace_id}. Make somebody else an owner of it first."
        )
