"""Sessions of browsers: a secret in a cookie, which pages take and no other call does."""

from contextlib import suppress
from datetime import datetime, timedelta

from macropod_server.db import sessions
from macropod_server.db.tables import User
from macropod_server.deps import Deps
from macropod_server.domain.addresses import neighbourhood
from macropod_server.domain.errors import Unauthorized, Unavailable
from macropod_server.domain.identity import Identity
from macropod_server.domain.sign_in import How, is_page_secret, new_page_secret
from macropod_server.flows.identify import check_enabled, check_open, of_session

_USE_NOTED_EVERY = timedelta(minutes=1)


def begin_page_session(deps: Deps, user: User, *, how: How, address: str, now: datetime) -> str:
    """What goes into the cookie. Raises `Unauthorized` for a user who is disabled."""
    check_enabled(user)
    secret = new_page_secret()
    with deps.database.write() as session:
        sessions.add(session, secret, user_id=user.id, how=how, address=neighbourhood(address), now=now)
    return secret


def find_page_session(deps: Deps, secret: str, *, now: datetime) -> Identity | None:
    """Whose browser it is; None where nobody is signed in (any more)."""
    if not is_page_secret(secret):
        return None
    with deps.database.read() as session:
        try:
            found = check_open(sessions.find_by_secret(session, secret), now=now)
            identity = of_session(session, found)
        except Unauthorized:
            return None
    if abs(now - found.last_used_at) >= _USE_NOTED_EVERY:
        with suppress(Unavailable), deps.database.write() as session:
            sessions.use(session, found, now=now)
    return identity
