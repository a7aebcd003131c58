"""End a session: from then on nothing that was made through it is good for anything."""

from datetime import datetime

from macropod_server.db import sessions
from macropod_server.deps import Deps
from macropod_server.domain.errors import NotFound


def sign_out(deps: Deps, session_id: str, *, user_id: str, now: datetime) -> None:
    """Raises `NotFound` for a session that is not that user's, or is over."""
    with deps.database.write() as session:
        if sessions.end(session, session_id, user_id=user_id, now=now):
            return
        raise NotFound(f"You have no session {session_id} that goes on. `GET /v1/sessions` lists those there are.")
