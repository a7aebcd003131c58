"""Who may come in, and where to: installation, workspaces and tokens."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select, update

from macropod_server.db import locks, workspaces
from macropod_server.db.tables import Installation, Orchestration, Run, Task, Token, Workspace
from macropod_server.domain.errors import NotFound
from macropod_server.domain.naming import new_id, sha256_hex

DEFAULT_WORKSPACE = "default"

_OBJECTS: dict[str, Any] = {"orchestration_id": Orchestration, "task_id": Task, "run_id": Run}
"""By the name of the parameter of a path."""


def installation(session: Session, *, now: datetime) -> Installation:
    """The one row that names this installation, made at the first start; no one else's until the transaction ends."""
    locks.alone(session, "installation")
    row = session.get(Installation, 1)
    if row is None:
        row = Installation(id=1, installation_id=new_id(), created_at=now)
        session.add(row)
    return row


def known_installation(session: Session) -> Installation | None:
    """None until the first server has started."""
    return session.get(Installation, 1)


def take_key(session: Session, row: Installation, digest: str, *, is_sole: bool) -> bool:
    """False when servers of this installation have another key. That of a sole server becomes the new one."""
    if row.key_digest not in (None, digest) and not is_sole:
        return False
    row.key_digest = digest
    session.add(row)
    return True


def default_workspace(session: Session, *, now: datetime) -> Workspace:
    workspace = session.exec(select(Workspace).where(Workspace.name == DEFAULT_WORKSPACE)).first()
    if workspace is None:
        workspace = Workspace(name=DEFAULT_WORKSPACE, created_at=now)
        session.add(workspace)
        session.flush()
    return workspace


def workspace(session: Session, workspace_id: int) -> Workspace:
    return session.get_one(Workspace, workspace_id)


def home_of(session: Session, parameters: Mapping[str, Any]) -> int | None:
    """The workspace that the parameters of a path name, or that of the object they name; None where they name none.

    Raises `NotFound` for one there is not.
    """
    if "workspace_id" in parameters:
        if (id_ := workspaces.id_in(parameters["workspace_id"])) is None:
            raise no_object(parameters)
        return workspaces.get(session, id_).id
    for name, table in _OBJECTS.items():
        if name in parameters:
            found: int | None = session.exec(select(table.workspace_id).where(table.id == parameters[name])).first()
            if found is None:
                raise no_object(parameters)
            return found
    return None


def no_object(parameters: Mapping[str, Any]) -> NotFound:
    if "workspace_id" in parameters:
        return workspaces.no_workspace(parameters["workspace_id"])
    name = next(name for name in _OBJECTS if name in parameters)
    return NotFound.named(name.removesuffix("_id"), parameters[name])


def add_token(session: Session, secret: str, *, workspace_id: int, name: str, now: datetime, **more: Any) -> Token:
    """`secret` is what its holder is told once."""
    facts: dict[str, Any] = {"workspace_id": workspace_id, "name": name, "created_at": now} | more
    token = Token(sha256=sha256_hex(secret), id=new_id(), **facts)
    session.add(token)
    return token


def find_token(session: Session, token: str) -> Token | None:
    return session.get(Token, sha256_hex(token))


def tokens_of(session: Session, user_id: str) -> list[Token]:
    """All of theirs, the newest first."""
    query = select(Token).where(Token.user_id == user_id)
    return list(session.exec(query.order_by(col(Token.created_at).desc(), col(Token.sha256))))


def adopt_tokens(session: Session, user_id: str) -> None:
    """Tokens that were made before there were users are this one's from now on, and get an id to be revoked by."""
    for token in session.exec(select(Token).where(col(Token.id).is_(None))):
        token.id, token.user_id = new_id(), token.user_id or user_id
        session.add(token)


def note_use(session: Session, token: Token, *, now: datetime) -> None:
    session.exec(update(Token).where(col(Token.sha256) == token.sha256).values(last_used_at=now))


def has_tokens(session: Session) -> bool:
    return session.exec(select(Token.sha256).limit(1)).first() is not None
