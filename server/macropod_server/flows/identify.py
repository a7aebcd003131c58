"""Whose token it is. What is good for nothing any more is told why."""

from contextlib import suppress
from datetime import datetime, timedelta

from sqlmodel import Session

from macropod_server.db import access, accounts, runs, sessions
from macropod_server.db.tables import Run, Token, User, UserSession
from macropod_server.deps import Deps
from macropod_server.domain.access_tokens import looks_like_access_token, read_access_token
from macropod_server.domain.errors import NotFound, Unauthorized, Unavailable
from macropod_server.domain.identity import Identity
from macropod_server.domain.naming import run_of_token
from macropod_server.domain.run import is_final
from macropod_server.flows.owner_of import owner_of, user_or_first

_USE_NOTED_EVERY = timedelta(minutes=1)


def identify(deps: Deps, token: str, *, now: datetime) -> Identity:
    """Raises `Unauthorized` for a token that is unknown, revoked, over, or of a user who is disabled."""
    if looks_like_access_token(token):
        return _of_access_token(deps, token, now=now)
    with deps.database.read() as session:
        known = access.find_token(session, token)
        if known is None:
            return _of_run(session, run_known_by(session, token, key=deps.run_key))
        identity = _of_token(session, known, now=now)
    _note_use(deps, known, now=now)
    return identity


def run_known_by(session: Session, token: str, *, key: bytes) -> Run:
    """The run whose own token this is, also after its end. Raises `Unauthorized`."""
    if (run_id := run_of_token(token, key=key)) is not None:
        with suppress(NotFound):
            return runs.get(session, run_id)
    raise Unauthorized("This token is not known here. `macropod-server token` makes a new one.")


def check_enabled(user: User) -> User:
    """Raises `Unauthorized`."""
    if user.disabled_at is not None:
        raise Unauthorized(f"The account {user.email} is disabled. An admin of this server can enable it.")
    return user


def check_open(found: UserSession | None, *, now: datetime) -> UserSession:
    """Raises `Unauthorized` for a session that is over, or that there is not."""
    if found is None or not sessions.is_open(found, now=now):
        raise Unauthorized("This session is over. Sign in again, as with `macropod login`.")
    return found


def of_session(session: Session, found: UserSession) -> Identity:
    """Raises `Unauthorized` for a user who is disabled."""
    user = check_enabled(accounts.user(session, found.user_id))
    return Identity(
        user_id=user.id,
        email=user.email,
        name=user.email,
        workspace_id=user.default_workspace_id,
        is_admin=user.is_admin,
        session_id=found.id,
    )


def _of_access_token(deps: Deps, token: str, *, now: datetime) -> Identity:
    """It is genuine, but whether what it was made through goes on is looked up each time."""
    told = read_access_token(token, key=deps.run_key, issuer=deps.installation_id, now=now)
    with deps.database.read() as session:
        if told.run_id is not None:
            return _of_run(session, _living(session, told.run_id))
        return of_session(session, check_open(sessions.find(session, told.session_id or ""), now=now))


def _living(session: Session, run_id: str) -> Run:
    try:
        return runs.get(session, run_id)
    except NotFound:
        raise Unauthorized(f"The token of run {run_id} ended with the run.") from None


def _of_token(session: Session, token: Token, *, now: datetime) -> Identity:
    if token.revoked_at is not None:
        raise Unauthorized(f"The token {token.name!r} was revoked at {token.revoked_at.isoformat()}.")
    if token.expires_at is not None and token.expires_at <= now:
        raise Unauthorized(f"The token {token.name!r} expired at {token.expires_at.isoformat()}. Make a new one.")
    user = check_enabled(user_or_first(session, token.user_id))
    return Identity(
        user_id=user.id,
        email=user.email,
        name=user.email,
        workspace_id=token.workspace_id,
        is_bound=token.is_bound,
        scope=token.scope,
        is_admin=user.is_admin,
        token_id=token.id,
        expires_at=token.expires_at,
    )


def _of_run(session: Session, run: Run) -> Identity:
    if is_final(run.status):
        raise Unauthorized(f"The token of run {run.id} ended with the run.")
    owner = owner_of(session, run)
    return Identity(owner.id, owner.email, f"run {run.id}", run.workspace_id, is_bound=True, run_id=run.id)


def _note_use(deps: Deps, token: Token, *, now: datetime) -> None:
    """A full disk keeps nobody from reading."""
    if token.last_used_at is not None and abs(now - token.last_used_at) < _USE_NOTED_EVERY:
        return
    with suppress(Unavailable), deps.database.write() as session:
        access.note_use(session, token, now=now)
