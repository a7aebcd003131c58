"""Log-ins of devices that wait for their users: asked for, answered, fetched once."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, delete, select, update

from macropod_server.db.changes import changed
from macropod_server.db.tables import DeviceLogin
from macropod_server.domain.naming import sha256_hex
from macropod_server.domain.sign_in import DEVICE_LOGIN, POLL_SECONDS

_FORGOTTEN_AFTER = timedelta(hours=1)


def add(session: Session, device_code: str, user_code: str, *, now: datetime) -> DeviceLogin:
    """Those that are over make room."""
    session.execute(delete(DeviceLogin).where(col(DeviceLogin.expires_at) < now - _FORGOTTEN_AFTER))
    added = DeviceLogin(
        device_sha256=sha256_hex(device_code),
        user_code=user_code,
        interval_seconds=POLL_SECONDS,
        created_at=now,
        expires_at=now + DEVICE_LOGIN,
    )
    session.add(added)
    return added


def find(session: Session, device_code: str) -> DeviceLogin | None:
    """Nobody else's until the transaction ends."""
    query = select(DeviceLogin).where(DeviceLogin.device_sha256 == sha256_hex(device_code))
    return session.exec(query.with_for_update()).first()


def is_waiting(session: Session, user_code: str, *, now: datetime) -> bool:
    query = select(DeviceLogin.user_code).where(*_waits(user_code, now))
    return session.exec(query).first() is not None


def answer(session: Session, user_code: str, *, user_id: str, is_allowed: bool, now: datetime) -> bool:
    """False where none of that code waits."""
    said = {"user_id": user_id, "denied_at": None if is_allowed else now}
    return changed(session, update(DeviceLogin).where(*_waits(user_code, now)).values(**said)) > 0


def remove(session: Session, found: DeviceLogin) -> None:
    session.execute(delete(DeviceLogin).where(col(DeviceLogin.device_sha256) == found.device_sha256))


def _waits(user_code: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        col(DeviceLogin.user_code) == user_code,
        col(DeviceLogin.user_id).is_(None),
        col(DeviceLogin.expires_at) > now,
    )
