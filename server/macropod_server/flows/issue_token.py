"""Make tokens, and leave one where SDK and CLI of the same user find it."""

import json
import secrets
from datetime import datetime
from pathlib import Path

from macropod_server.db import access
from macropod_server.db.engine import Database
from macropod_server.domain.naming import user_token
from macropod_server.private_files import write_private


def issue_token(database: Database, *, name: str, now: datetime) -> str:
    """A new token of the default workspace. Only its digest is stored: this is the one time it is told."""
    token = user_token(secrets.token_hex(32))
    with database.write() as session:
        workspace = access.default_workspace(session, now=now)
        assert workspace.id is not None
        access.add_token(session, token, workspace_id=workspace.id, name=name, now=now)
    return token


def leave_credentials(database: Database, path: Path, *, url: str, now: datetime) -> bool:
    """At the first start make a token and write it to `path`; later only keep the address there current.

    False when nothing usable was left: tokens were made before and the file has none of them, or it has what
    belongs to another server.
    """
    kept_url, token = _kept_in(path)
    with database.read() as session:
        is_known = token is not None and access.find_token(session, token) is not None
        is_first = not access.has_tokens(session)
    if is_first and kept_url in (None, url):
        token = issue_token(database, name="first start", now=now)
    elif token is None or not is_known:
        return False
    write_credentials(path, url=url, token=token)
    return True


def write_credentials(path: Path, *, url: str, token: str) -> None:
    write_private(path, json.dumps({"url": url, "token": token}) + "\n")


def _kept_in(path: Path) -> tuple[str | None, str | None]:
    """Address and token in the file, None where there is no such text."""
    try:
        kept = json.loads(path.read_text())
        url, token = kept.get("url"), kept.get("token")
    except (OSError, ValueError, AttributeError):
        return None, None
    return url if isinstance(url, str) else None, token if isinstance(token, str) else None
