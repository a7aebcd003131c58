"""One's own tokens: list, make, revoke."""

from datetime import datetime

from fastapi import APIRouter
from sqlmodel import Session

from macropod_server.api.access import AccountHolder, DepsDep, Now
from macropod_server.api.account_schemas import MadeTokenOut, TokenIn, TokenList, TokenOut
from macropod_server.db import access, accounts, workspaces
from macropod_server.db.tables import Token
from macropod_server.domain.identity import Identity
from macropod_server.flows.make_token import make_token, revoke_token

router = APIRouter(prefix="/v1/tokens", tags=["tokens"])


@router.get("")
def list_tokens(deps: DepsDep, holder: AccountHolder) -> TokenList:
    """Yours, newest first, also those that are over. A token for one workspace sees those for it."""
    with deps.database.read() as session:
        found = _in_reach(session, holder)
        names = workspaces.names(session, {token.workspace_id for token in found})
    return TokenList(items=[TokenOut.of(token, names.get(token.workspace_id)) for token in found])


@router.post("", status_code=201)
def make(wish: TokenIn, deps: DepsDep, holder: AccountHolder, now: Now) -> MadeTokenOut:
    """A token that may do as much of what you may as its scope says. It is told this once."""
    with deps.database.read() as session:
        bound_to = _bound_to(session, holder, None if wish.workspace is None else str(wish.workspace))
    secret, token = make_token(
        deps,
        user_id=holder.user_id,
        name=wish.name,
        scope=wish.scope,
        workspace_id=bound_to,
        expires_at=_no_later(wish.end(now), holder.expires_at),
        now=now,
    )
    with deps.database.read() as session:
        return MadeTokenOut.of(token, workspaces.get(session, token.workspace_id).name, secret=secret)


@router.delete("/{token_id}", status_code=204)
def revoke(token_id: str, deps: DepsDep, holder: AccountHolder, now: Now) -> None:
    """It is refused from now on. Harmless to repeat."""
    with deps.database.read() as session:
        is_in_reach = any(token.id == token_id for token in _in_reach(session, holder))
    revoke_token(deps, token_id if is_in_reach else "", user_id=holder.user_id, now=now)


def _no_later(wanted: datetime | None, most: datetime | None) -> datetime | None:
    """A token that ends makes none that goes on after it."""
    return min(filter(None, (wanted, most)), default=None)


def _in_reach(session: Session, holder: Identity) -> list[Token]:
    found = access.tokens_of(session, holder.user_id)
    if not holder.is_bound:
        return found
    return [token for token in found if token.is_bound and token.workspace_id == holder.workspace_id]


def _bound_to(session: Session, holder: Identity, name: str | None) -> int | None:
    """A token for one workspace makes such for it only."""
    if name is None:
        return holder.workspace_id if holder.is_bound else None
    found = accounts.workspace_named(session, name)
    if accounts.role_of(session, holder, found) is None:
        raise workspaces.no_workspace(name)
    return found
