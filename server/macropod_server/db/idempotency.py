"""Keys by which a client's repeated call makes nothing new."""

from datetime import datetime

from sqlmodel import Session

from macropod_server.db import locks
from macropod_server.db.tables import IdempotencyKey
from macropod_server.domain.errors import Conflict


def made_before(session: Session, workspace_id: int, key: str | None, *, fingerprint: str) -> str | None:
    """The id that a call with this key made. Raises `Conflict` when the key came with other content then.

    Waits for a call with the same key that is under way.
    """
    if key is None:
        return None
    locks.alone(session, f"idempotency key {key} of workspace {workspace_id}")
    row = session.get(IdempotencyKey, (workspace_id, key))
    if row is None:
        return None
    if row.fingerprint != fingerprint:
        raise Conflict(
            f"The Idempotency-Key {key!r} was used before for another request. "
            "Send a new key with a new request; the same key only with the very same one."
        )
    return row.made_id


def remember(
    session: Session, workspace_id: int, key: str | None, *, fingerprint: str, made_id: str, now: datetime
) -> None:
    if key:
        session.add(
            IdempotencyKey(workspace_id=workspace_id, key=key, fingerprint=fingerprint, made_id=made_id, created_at=now)
        )
