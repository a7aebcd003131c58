"""One call that may change something: who made it, from where, and what it is about."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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


@contextmanager
def for_nobody() -> Iterator[None]:
    """What is written within is no change that the call asked for."""
    token = acting.set(None)
    try:
        yield
    finally:
        acting.reset(token)


def note_actor(identity: Identity, *, action: str, named: Mapping[str, Any], now: datetime) -> None:
    """From here on changes are those of this person, program or run."""
    if (act := acting.get()) is not None:
        act.identity, act.at, act.action, act.named = identity, now, action, dict(named)


def note_workspace(workspace_id: int) -> None:
    if (act := acting.get()) is not None:
        act.workspace_id = workspace_id
