"""Give somebody an account."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from sqlmodel import Session

from macropod_server.db import accounts
from macropod_server.db.tables import User
from macropod_server.deps import Deps
from macropod_server.domain.accounts import checked_password, email_address
from macropod_server.domain.passwords import password_hash
from macropod_server.domain.texts import check_name
from macropod_server.flows.create_workspace import give_default_workspace

log = structlog.get_logger()


@dataclass(frozen=True)
class Invited:
    """`password` is what the user signs in with at first; it is told this once."""

    user: User
    password: str = field(repr=False)


def invite_user(
    deps: Deps,
    email: str,
    *,
    name: str | None = None,
    password: str | None = None,
    is_admin: bool = False,
    now: datetime,
) -> Invited:
    """With a workspace of their own. Raises `Conflict` when somebody has that address."""
    address = email_address(email)
    shown = check_name("name", name) if name else address
    given = secrets.token_urlsafe(16) if password is None else checked_password(password)
    digest = password_hash(given)
    with deps.database.write() as session:
        user = add_person(session, address, name=shown, password_hash=digest, is_admin=is_admin, now=now)
    log.info("user_invited", user_id=user.id, is_admin=is_admin)
    return Invited(user, given)


def add_person(
    session: Session, email: str, *, name: str, now: datetime, password_hash: str | None = None, is_admin: bool = False
) -> User:
    """Somebody new, with a workspace of their own. `email` is in the spelling of `domain.accounts`."""
    user = accounts.add_user(session, email, name=name, password_hash=password_hash, is_admin=is_admin, now=now)
    give_default_workspace(session, user.id, now=now)
    return user
