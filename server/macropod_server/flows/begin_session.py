"""Begin a session of somebody who has shown who they are."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from macropod_server.db import audit_log, sessions
from macropod_server.db.tables import User
from macropod_server.deps import Deps
from macropod_server.domain.access_tokens import LIFETIME, Access, access_token
from macropod_server.domain.sign_in import How, new_refresh_token


@dataclass(frozen=True)
class SignedIn:
    """What whoever signed in goes on with: spans in seconds, and the refresh token is told once."""

    access_token: str = field(repr=False)
    expires_in: int
    refresh_token: str = field(repr=False)
    refresh_expires_in: int


def begin_session(
    deps: Deps, session: Session, user: User, *, how: How, address: str | None, now: datetime
) -> SignedIn:
    secret = new_refresh_token()
    audit_log.add_sign_in(session, user, how=how, address=address, now=now)
    begun = sessions.add(session, secret, user_id=user.id, how=how, address=address, now=now)
    seconds = int((begun.expires_at - now).total_seconds())
    access = Access(user.id, user.email, user.name, session_id=begun.id)
    return signed_in(deps, access, refresh_token=secret, refresh_seconds=seconds, now=now)


def signed_in(deps: Deps, access: Access, *, refresh_token: str, refresh_seconds: int, now: datetime) -> SignedIn:
    return SignedIn(
        access_token=access_token(access, key=deps.run_key, issuer=deps.installation_id, now=now),
        expires_in=int(LIFETIME.total_seconds()),
        refresh_token=refresh_token,
        refresh_expires_in=refresh_seconds,
    )
