"""A new access token for who still has a session, or is a run that has not ended."""

from contextlib import suppress
from datetime import datetime, timedelta

from macropod_server.db import accounts, sessions
from macropod_server.db.tables import User, UserSession
from macropod_server.deps import Deps
from macropod_server.domain.access_tokens import Access
from macropod_server.domain.addresses import neighbourhood
from macropod_server.domain.errors import Unauthorized, Unavailable
from macropod_server.domain.naming import looks_like_run_token
from macropod_server.domain.sign_in import RUN_TOKEN_SECONDS, is_refresh_token, session_end
from macropod_server.flows.begin_session import SignedIn, signed_in
from macropod_server.flows.identify import check_enabled, check_open, identify
from macropod_server.flows.note_refusals import noting_refusals
from macropod_server.throttle import Kind, Tries

_USE_NOTED_EVERY = timedelta(minutes=1)


def refresh_session(deps: Deps, refresh_token: str, *, now: datetime, address: str | None = None) -> SignedIn:
    """The refresh token stays the same, and may be used again. Raises `Unauthorized` once session or run is over.

    With an `address`, `TooMany` for who shows tokens from there that are none.
    """
    here = Tries(Kind.WRONG_HERE, neighbourhood(address)) if address else None
    if here:
        deps.throttle.check(here)
    try:
        refresh = _refresh_run if looks_like_run_token(refresh_token) else _refresh_session
        with noting_refusals(deps, "somebody with a refresh token", how="refresh", address=address, now=now):
            return refresh(deps, refresh_token, now=now)
    except Unauthorized:
        if here:
            deps.throttle.note(here)
        raise


def _refresh_run(deps: Deps, token: str, *, now: datetime) -> SignedIn:
    run = identify(deps, token, now=now)
    access = Access(run.user_id, run.email, run.name, run_id=run.run_id)
    return signed_in(deps, access, refresh_token=token, refresh_seconds=RUN_TOKEN_SECONDS, now=now)


def _refresh_session(deps: Deps, token: str, *, now: datetime) -> SignedIn:
    found, user = _session_of(deps, token, now=now)
    _note_use(deps, found, now=now)
    ends_at = max(found.expires_at, session_end(created_at=found.created_at, now=now))
    access = Access(user.id, user.email, user.name, session_id=found.id)
    seconds = int((ends_at - now).total_seconds())
    return signed_in(deps, access, refresh_token=token, refresh_seconds=seconds, now=now)


def _session_of(deps: Deps, token: str, *, now: datetime) -> tuple[UserSession, User]:
    if not is_refresh_token(token):
        raise Unauthorized("That is no refresh token. Sign in again.")
    with deps.database.read() as session:
        found = check_open(sessions.find_by_secret(session, token), now=now)
        user = accounts.user(session, found.user_id)
    check_enabled(user)
    return found, user


def _note_use(deps: Deps, found: UserSession, *, now: datetime) -> None:
    """A full disk ends no session before its time."""
    if abs(now - found.last_used_at) < _USE_NOTED_EVERY:
        return
    with suppress(Unavailable), deps.database.write() as session:
        sessions.use(session, found, now=now)
