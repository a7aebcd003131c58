"""Who may come in: installation, workspaces and tokens."""

from datetime import datetime

from sqlmodel import Session, select

from macropod_server.db import locks
from macropod_server.db.tables import Installation, Token, Workspace
from macropod_server.domain.naming import new_id, sha256_hex

DEFAULT_WORKSPACE = "default"


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


def add_token(session: Session, token: str, *, workspace_id: int, name: str, now: datetime) -> None:
    session.add(Token(sha256=sha256_hex(token), workspace_id=workspace_id, name=name, created_at=now))


def find_token(session: Session, token: str) -> Token | None:
    return session.get(Token, sha256_hex(token))


def has_tokens(session: Session) -> bool:
    return session.exec(select(Token.sha256).limit(1)).first() is not None
