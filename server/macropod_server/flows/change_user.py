"""What may become of an account. There is always an admin who can come in."""

from datetime import datetime

import structlog
from sqlmodel import Session

from macropod_server.db import accounts, sessions
from macropod_server.db.engine import Database
from macropod_server.db.tables import User
from macropod_server.deps import Deps
from macropod_server.domain.accounts import checked_password
from macropod_server.domain.errors import Conflict, Invalid, Unauthorized
from macropod_server.domain.identity import Identity
from macropod_server.domain.passwords import password_hash
from macropod_server.domain.texts import check_name
from macropod_server.flows.check_password import check_password

log = structlog.get_logger()


def set_enabled(deps: Deps, user_id: str, *, enabled: bool, now: datetime, caller_id: str | None = None) -> User:
    """Who is disabled can use nothing: every call reads the account. Raises `Conflict` for oneself."""
    with deps.database.write() as session:
        admins = accounts.hold_admins(session)
        user = accounts.user(session, user_id)
        if not enabled:
            _check_is_other(user, caller_id, "disable")
            _check_leaves_an_admin(admins, user)
            sessions.end_all(session, user_id, now=now)
        if enabled or user.disabled_at is None:
            user.disabled_at = None if enabled else now
        session.add(user)
    log.info("user_enabled" if enabled else "user_disabled", user_id=user_id, by=caller_id)
    return user


def set_admin(deps: Deps, user_id: str, *, is_admin: bool, caller_id: str | None = None) -> User:
    with deps.database.write() as session:
        admins = accounts.hold_admins(session)
        user = accounts.user(session, user_id)
        if not is_admin:
            _check_is_other(user, caller_id, "take the rights of an admin from")
            _check_leaves_an_admin(admins, user)
        user.is_admin = is_admin
        session.add(user)
    log.info("user_changed", user_id=user_id, is_admin=is_admin, by=caller_id)
    return user


def set_password(deps: Deps, user_id: str, password: str, now: datetime) -> User:
    return store_password(deps.database, user_id, password, now=now)


def store_password(database: Database, user_id: str, password: str, *, now: datetime) -> User:
    """Who is signed in as that user has to sign in again; tokens stay."""
    digest = password_hash(checked_password(password))
    with database.write() as session:
        user = _changed(session, user_id, password_hash=digest)
        sessions.end_all(session, user_id, now=now)
    log.info("password_set", user_id=user_id, set_at=now.isoformat())
    return user


def change_own_password(deps: Deps, user: Identity, *, old: str, new: str, address: str, now: datetime) -> User:
    """Raises `Invalid` when the old one is not right, and `TooMany` for who tries too often, as signing in does.

    Who never had one has it set by an admin.
    """
    checked_password(new)
    try:
        check_password(deps, user.email, old, address=address, now=now)
    except Unauthorized:
        told = "The old password is not right. An admin of this server can set a new one."
        raise Invalid.field("old_password", told) from None
    return set_password(deps, user.user_id, new, now)


def set_name(deps: Deps, user_id: str, name: str) -> User:
    with deps.database.write() as session:
        return _changed(session, user_id, name=check_name("name", name))


def _changed(session: Session, user_id: str, **facts: str) -> User:
    user = accounts.user(session, user_id)
    user.sqlmodel_update(facts)
    session.add(user)
    return user


def _check_is_other(user: User, caller_id: str | None, act: str) -> None:
    if user.id == caller_id:
        raise Conflict(f"You cannot {act} yourself; another admin can.")


def _check_leaves_an_admin(admins: list[User], user: User) -> None:
    if [admin.id for admin in admins] == [user.id]:
        raise Conflict(f"{user.email} is the only admin who can come in. Make somebody else an admin first.")
