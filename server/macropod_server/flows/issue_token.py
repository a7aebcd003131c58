"""Make tokens, and leave one where SDK and CLI of the same user find it."""

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from sqlmodel import Session

from macropod_server.db import access, accounts, workspaces
from macropod_server.db.engine import Database
from macropod_server.domain.accounts import LOCAL_ADMIN, email_address
from macropod_server.domain.roles import Scope
from macropod_server.flows.make_token import add_token
from macropod_server.private_files import write_private


def issue_token(
    database: Database,
    *,
    name: str,
    email: str | None = None,
    scope: Scope = Scope.ADMIN,
    workspace: str | None = None,
    expires_at: datetime | None = None,
    now: datetime,
) -> str:
    """A new token of a user, else of the first admin. Only its digest is stored: this is the one time it is told."""
    with database.write() as session:
        admin = accounts.ensure_admin(session, email=LOCAL_ADMIN, now=now)
        user = accounts.known_user(session, email_address(email)) if email else admin
        bound_to = _named(session, workspace) if workspace else None
        secret, _ = add_token(
            session, user.id, name=name, scope=scope, workspace_id=bound_to, expires_at=expires_at, now=now
        )
    return secret


def _named(session: Session, workspace: str) -> int:
    if (found := accounts.workspace_named(session, workspace)) is None:
        raise workspaces.no_workspace(workspace)
    return found


class Kept(StrEnum):
    """Whose address and token are in the credentials file after a start."""

    OURS = "ours"
    OTHERS = "others"
    NOBODYS = "nobodys"


def leave_credentials(database: Database, path: Path, *, url: str, installation_id: str, now: datetime) -> Kept:
    """At the first start make a token and write it to `path`; later only keep the address there current.

    A file that names another address is changed only when this installation wrote it: a copy of an installation knows
    the tokens of its original too.
    """
    kept = _kept_in(path)
    with database.read() as session:
        is_known = kept.token is not None and access.find_token(session, kept.token) is not None
        is_first = not access.has_tokens(session)
    if is_first and kept.url in (None, url):
        token = issue_token(database, name="first start", now=now)
        write_credentials(path, url=url, token=token, installation_id=installation_id)
        return Kept.OURS
    if kept.url is None:
        return Kept.NOBODYS
    if kept.token is None or not is_known or (kept.url != url and kept.installation != installation_id):
        return Kept.OTHERS
    write_credentials(path, url=url, token=kept.token, installation_id=installation_id, workspace=kept.workspace)
    return Kept.OURS


def save_token(database: Database, path: Path, token: str, *, url: str, now: datetime) -> None:
    """Leave a token of this installation where SDK and CLI look, whatever was there."""
    with database.write() as session:
        installation_id = access.installation(session, now=now).installation_id
    write_credentials(path, url=url, token=token, installation_id=installation_id)


def write_credentials(path: Path, *, url: str, token: str, installation_id: str, workspace: str | None = None) -> None:
    """`workspace` is the one its user chose with `macropod workspace use`."""
    chosen = {"workspace": workspace} if workspace else {}
    write_private(path, json.dumps({"url": url, "token": token, "installation": installation_id} | chosen) + "\n")


@dataclass(frozen=True)
class _Found:
    """What the file says, None where there is no such text."""

    url: str | None = None
    token: str | None = None
    installation: str | None = None
    workspace: str | None = None


def _kept_in(path: Path) -> _Found:
    try:
        kept = json.loads(path.read_text())
        said = {name: kept.get(name) for name in ("url", "token", "installation", "workspace")}
    except (OSError, ValueError, AttributeError):
        return _Found()
    return _Found(**{name: value for name, value in said.items() if isinstance(value, str)})
