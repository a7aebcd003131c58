"""Who a token speaks for, and how far it reaches."""

from dataclasses import dataclass
from datetime import datetime

from macropod_server.domain.roles import Scope


@dataclass(frozen=True)
class Identity:
    """A person, through a token or a session of theirs; or a run, for the person who ordered it.

    `workspace_id` is where it acts when a call names no other; None for a person who has none yet.
    """

    user_id: str
    email: str
    name: str
    workspace_id: int | None
    is_bound: bool = False
    """Whether it reaches that workspace only."""
    scope: Scope = Scope.ADMIN
    is_admin: bool = False
    """Whether the person may manage accounts; a run never may."""
    run_id: str | None = None
    token_id: str | None = None
    expires_at: datetime | None = None
    """Of a token that ends."""
    session_id: str | None = None
