"""Users, and what they are in workspaces."""

from collections.abc import Collection
from datetime import datetime

from sqlmodel import Session, col, select

from macropod_server.db import access, locks, workspaces
from macropod_server.db.tables import Member, User, Workspace
from macropod_server.domain.errors import Conflict, NotFound
from macropod_server.domain.identity import Identity
from macropod_server.domain.naming import new_id
from macropod_server.domain.roles import OF_RUNS, Role, within


def user(session: Session, user_id: str) -> User:
    if (found := session.get(User, user_id)) is None:
        raise NotFound(f"There is no user {user_id}. `macropod user list` shows those there are.")
    return found


def users(session: Session, ids: Collection[str] | None = None) -> list[User]:
    """By e-mail address; all, or those of these ids that there are."""
    query = select(User).order_by(col(User.email))
    return list(session.exec(query if ids is None else query.where(col(User.id).in_(ids))))


def user_of_email(session: Session, email: str) -> User | None:
    """`email` in the spelling of `domain.accounts`."""
    return session.exec(select(User).where(User.email == email)).first()


def known_user(session: Session, email: str) -> User:
    """As `user_of_email`. Raises `NotFound`."""
    if (found := user_of_email(session, email)) is None:
        raise NotFound(f"There is no user {email}. An admin of this server can invite one.")
    return found


def first_admin(session: Session) -> User | None:
    """Who answers for what was made before there were users."""
    query = select(User).where(col(User.is_admin)).order_by(col(User.created_at), col(User.id))
    return session.exec(query.limit(1)).first()


def add_user(
    session: Session, email: str, *, name: str, password_hash: str | None, is_admin: bool, now: datetime
) -> User:
    """`email` in the spelling of `domain.accounts`. Raises `Conflict` for one that somebody has."""
    locks.alone(session, "users")
    if user_of_email(session, email) is not None:
        raise Conflict(f"There is a user {email} already.")
    user = User(id=new_id(), email=email, name=name, password_hash=password_hash, is_admin=is_admin, created_at=now)
    session.add(user)
    session.flush()
    return user


def hold_admins(session: Session) -> list[User]:
    """Those who may administer now; no more and no fewer of them until the transaction ends."""
    locks.alone(session, "users")
    query = select(User).where(col(User.is_admin), col(User.disabled_at).is_(None))
    return list(session.exec(query, execution_options={"populate_existing": True}))


def ensure_admin(session: Session, *, email: str, now: datetime) -> User:
    """The first admin, who owns the default workspace; made where there is nobody at all."""
    locks.alone(session, "first admin")
    admin = first_admin(session)
    if admin is None:
        workspace = access.default_workspace(session, now=now)
        assert workspace.id is not None
        admin = User(id=new_id(), email=email, name="Admin", is_admin=True, created_at=now)
        admin.default_workspace_id = workspace.id
        session.add(admin)
        session.flush()
        session.add(Member(workspace_id=workspace.id, user_id=admin.id, role=Role.OWNER, created_at=now))
    return admin


def role_of(session: Session, identity: Identity, workspace_id: int | None) -> Role | None:
    """None where it has no business there."""
    if workspace_id is None or (identity.is_bound and workspace_id != identity.workspace_id):
        return None
    if identity.run_id is not None:
        return OF_RUNS
    member = session.get(Member, (workspace_id, identity.user_id))
    return within(member.role, identity.scope) if member else None


def workspace_named(session: Session, name: str) -> int | None:
    """By its name, or its id in digits."""
    id_ = workspaces.id_in(name)
    is_named = col(Workspace.name) == name if id_ is None else col(Workspace.id) == id_
    return session.exec(select(Workspace.id).where(is_named)).first()


def members(session: Session, workspace_id: int) -> list[tuple[Member, User]]:
    """By e-mail address."""
    query = select(Member, User).join(User, col(User.id) == col(Member.user_id))
    query = query.where(Member.workspace_id == workspace_id).order_by(col(User.email))
    return [(member, user) for member, user in session.exec(query)]


def workspaces_of(session: Session, user_id: str) -> list[tuple[Workspace, Role]]:
    """Those a user belongs to, by name, and what they are there."""
    query = select(Workspace, Member.role).join(Member, col(Member.workspace_id) == col(Workspace.id))
    query = query.where(Member.user_id == user_id).order_by(col(Workspace.name))
    return [(workspace, Role(role)) for workspace, role in session.exec(query)]


def workspaces_in_reach(session: Session, identity: Identity) -> list[Workspace]:
    """Oldest first; the only one of a run, and of a token that is bound to one."""
    if identity.is_bound:
        has_business = role_of(session, identity, identity.workspace_id) is not None
        return [access.workspace(session, identity.workspace_id or 0)] if has_business else []
    found = [workspace for workspace, _ in workspaces_of(session, identity.user_id)]
    return sorted(found, key=lambda workspace: workspace.id or 0)


def ids_in_reach(session: Session, identity: Identity) -> list[int]:
    return [workspace.id for workspace in workspaces_in_reach(session, identity) if workspace.id is not None]
