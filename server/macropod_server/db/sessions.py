"""Sessions of people: begun, found by what their holder shows, used, ended."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlmodel import Session, col, delete, select, update

from macropod_server.db.changes import changed
from macropod_server.db.retention import Rules
from macropod_server.db.tables import DeviceLogin, UserSession
from macropod_server.domain.naming import new_id, sha256_hex
from macropod_server.domain.sign_in import How, session_end

_ADDRESS_KNOWN_FOR = timedelta(days=30)


def add(session: Session, secret: str, *, user_id: str, how: How, address: str | None, now: datetime) -> UserSession:
    """`secret` is what its holder is told once."""
    facts = {"created_at": now, "last_used_at": now, "expires_at": session_end(created_at=now, now=now)}
    digest = sha256_hex(secret)
    added = UserSession(id=new_id(), user_id=user_id, refresh_sha256=digest, how=how, address=address, **facts)
    session.add(added)
    return added


def find(session: Session, session_id: str) -> UserSession | None:
    return session.get(UserSession, session_id)


def find_by_secret(session: Session, secret: str) -> UserSession | None:
    return session.exec(select(UserSession).where(UserSession.refresh_sha256 == sha256_hex(secret))).first()


def is_open(found: UserSession, *, now: datetime) -> bool:
    return found.ended_at is None and found.expires_at > now


def of_user(session: Session, user_id: str, *, now: datetime) -> list[UserSession]:
    """Those that are open, the one used last first."""
    is_its = (col(UserSession.user_id) == user_id, col(UserSession.ended_at).is_(None))
    query = select(UserSession).where(*is_its, col(UserSession.expires_at) > now)
    return list(session.exec(query.order_by(col(UserSession.last_used_at).desc(), col(UserSession.id)).limit(100)))


def use(session: Session, found: UserSession, *, now: datetime) -> None:
    """It is over later then. One that was ended meanwhile stays ended."""
    expires_at = session_end(created_at=found.created_at, now=now)
    is_its = (col(UserSession.id) == found.id, col(UserSession.ended_at).is_(None))
    session.execute(update(UserSession).where(*is_its).values(last_used_at=now, expires_at=expires_at))


def end(session: Session, session_id: str, *, user_id: str, now: datetime) -> bool:
    """False where that user has no such open session."""
    is_its = (col(UserSession.id) == session_id, col(UserSession.user_id) == user_id)
    is_open = (col(UserSession.ended_at).is_(None), col(UserSession.expires_at) > now)
    return changed(session, update(UserSession).where(*is_its, *is_open).values(ended_at=now)) > 0


def end_all(session: Session, user_id: str, *, now: datetime) -> int:
    """For a password that is changed and an account that is disabled. Devices that were let in and have not come are
    not let in any more."""
    session.execute(delete(DeviceLogin).where(col(DeviceLogin.user_id) == user_id))
    is_its = (col(UserSession.user_id) == user_id, col(UserSession.ended_at).is_(None))
    return changed(session, update(UserSession).where(*is_its).values(ended_at=now))


def has_come_from(session: Session, user_id: str, address: str, *, now: datetime) -> bool:
    """Whether that user has signed in from there of late."""
    is_its = (col(UserSession.user_id) == user_id, col(UserSession.address) == address)
    query = select(UserSession.id).where(*is_its, col(UserSession.created_at) > now - _ADDRESS_KNOWN_FOR)
    return session.exec(query.limit(1)).first() is not None


def expired(session: Session, rules: Rules, *, limit: int) -> list[str]:
    """Those that were over long ago."""
    if rules.deleted.since is None:
        return []
    query = select(UserSession.id).where(col(UserSession.expires_at) < rules.deleted.since)
    return list(session.exec(query.limit(limit)))


def remove(session: Session, session_ids: Collection[str]) -> int:
    return changed(session, delete(UserSession).where(col(UserSession.id).in_(session_ids)))
