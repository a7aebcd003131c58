"""One call that may change something: who made it, from where, and what it is about."""

from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from macropod_server.domain.identity import Identity


@dataclass
class Act:
    """Filled while the call goes its way. `action` is the part of the API and what it does there, `tasks.kill`."""

    address: str | None
    at: datetime | None = None
    action: str = ""
    workspace_id: int | None = None
    identity: Identity | None = None
    named: dict[str, Any] = field(default_factory=dict)
    """What the path names."""
    is_noted: bool = False


acting: ContextVar[Act | None] = ContextVar("acting", default=None)
"""The call that is answered here; None for the engine, which acts for nobody."""
