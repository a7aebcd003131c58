"""Who people are at other providers, and the accounts of those who came from there."""

from datetime import datetime

from sqlmodel import Session, col, select, update

from macropod_server.db.tables import Member, OutsideIdentity, User, Workspace
from macropod_server.domain.accounts import default_workspace_name
from macropod_server.domain.naming import new_id
from macropod_server.domain.roles import Role


def find(session: Session, issuer: str, subject: str) -> OutsideIdentity | None:
    return session.get(OutsideIdentity, (issuer, subject))


def use(session: Session, found: OutsideIdentity, *, email: str, now: datetime) -> None:
    is_its = (col(OutsideIdentity.issuer) == found.issuer, col(OutsideIdentity.subject) == found.subject)
    session.execute(update(OutsideIdentity).where(*is_its).values(email=email, last_used_at=now))


def link(session: Session, user: User, *, issuer: str, subject: str, now: datetime) -> None:
    own = OutsideIdentity(
        issuer=issuer, subject=subject, user_id=user.id, email=user.email, created_at=now, last_used_at=now
    )
    session.add(own)


def add_user(session: Session, *, email: str, name: str, now: datetime) -> User:
    """Somebody new, who owns a workspace of their own."""
    user = User(id=new_id(), email=email, name=name, created_at=now)
    session.add(user)
    session.flush()
    home = default_workspace_name(email)
    if session.exec(select(Workspace.id).where(Workspace.name == home)).first() is None:
        workspace = Workspace(name=home, created_at=now, created_by=user.id)
        session.add(workspace)
        session.flush()
        assert workspace.id is not None
        session.add(Member(workspace_id=workspace.id, user_id=user.id, role=Role.OWNER, created_at=now))
        user.default_workspace_id = workspace.id
    return user
