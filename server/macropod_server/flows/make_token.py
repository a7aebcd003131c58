"""Tokens of users: made, and revoked."""

import secrets
from datetime import datetime
from typing import Any

import structlog
from sqlmodel import Session

from macropod_server.db import access, workspaces
from macropod_server.db.tables import Token
from macropod_server.deps import Deps
from macropod_server.domain.errors import Invalid, NotFound
from macropod_server.domain.naming import user_token
from macropod_server.domain.roles import Scope
from macropod_server.domain.texts import check_name
from macropod_server.flows.create_workspace import give_default_workspace

log = structlog.get_logger()


def make_token(
    deps: Deps,
    *,
    user_id: str,
    name: str,
    scope: Scope,
    workspace_id: int | None = None,
    expires_at: datetime | None = None,
    now: datetime,
) -> tuple[str, Token]:
    """What its holder is told once, and what is kept. Without a workspace it reaches all of its user's.

    Raises `NotFound` for a workspace the user does not belong to.
    """
    with deps.database.write() as session:
        secret, token = add_token(
            session, user_id, name=name, scope=scope, workspace_id=workspace_id, expires_at=expires_at, now=now
        )
    log.info("token_made", token_id=token.id, user_id=user_id, scope=scope.value)
    return secret, token


def add_token(
    session: Session,
    user_id: str,
    *,
    name: str,
    scope: Scope,
    workspace_id: int | None,
    expires_at: datetime | None,
    now: datetime,
) -> tuple[str, Token]:
    check_name("name", name)
    if expires_at is not None and expires_at <= now:
        raise Invalid.field("expires_at", f"The token would expire at {expires_at.isoformat()}, which is over.")
    secret, home = user_token(secrets.token_hex(32)), _home(session, user_id, workspace_id, now=now)
    facts: dict[str, Any] = {"user_id": user_id, "scope": scope, "is_bound": workspace_id is not None}
    token = access.add_token(session, secret, name=name, workspace_id=home, expires_at=expires_at, now=now, **facts)
    return secret, token


def revoke_token(deps: Deps, token_id: str, *, user_id: str, now: datetime) -> Token:
    """Every call reads the token, so that none gets through from now on. Harmless to repeat."""
    with deps.database.write() as session:
        token = next((each for each in access.tokens_of(session, user_id) if each.id == token_id), None)
        if token is None:
            raise NotFound(f"You have no token {token_id}. `macropod token list` shows those you have.")
        token.revoked_at = token.revoked_at or now
        session.add(token)
    log.info("token_revoked", token_id=token_id, user_id=user_id)
    return token


def _home(session: Session, user_id: str, workspace_id: int | None, *, now: datetime) -> int:
    if workspace_id is None:
        workspace_id = give_default_workspace(session, user_id, now=now).id
        assert workspace_id is not None
    elif workspaces.member(session, workspace_id, user_id) is None:
        raise workspaces.no_workspace(str(workspace_id))
    return workspace_id
