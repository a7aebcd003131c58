"""Whose token it is. What is good for nothing any more is told why."""

from contextlib import suppress
from datetime import datetime, timedelta

from sqlmodel import Session

from macropod_server.db import access, runs
from macropod_server.db.tables import Run, Token
from macropod_server.deps import Deps
from macropod_server.domain.errors import NotFound, Unauthorized, Unavailable
from macropod_server.domain.identity import Identity
from macropod_server.domain.naming import run_of_token
from macropod_server.domain.run import is_final
from macropod_server.flows.owner_of import owner_of, user_or_first

_USE_NOTED_EVERY = timedelta(minutes=1)


def identify(deps: Deps, token: str, *, now: datetime) -> Identity:
    """Raises `Unauthorized` for a token that is unknown, revoked, over, or of a user who is disabled."""
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


def _of_token(session: Session, token: Token, *, now: datetime) -> Identity:
    if token.revoked_at is not None:
        raise Unauthorized(f"The token {token.name!r} was revoked at {token.revoked_at.isoformat()}.")
    if token.expires_at is not None and token.expires_at <= now:
        raise Unauthorized(f"The token {token.name!r} expired at {token.expires_at.isoformat()}. Make a new one.")
    user = user_or_first(session, token.user_id)
    if user.disabled_at is not None:
        raise Unauthorized(f"The account {user.email} is disabled. An admin of this server can enable it.")
    return Identity(
        user_id=user.id,
        email=user.email,
        name=user.email,
        workspace_id=token.workspace_id,
        is_bound=token.is_bound,
        scope=token.scope,
        is_admin=user.is_admin,
        token_id=token.id,
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
