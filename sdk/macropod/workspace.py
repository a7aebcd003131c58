"""A workspace: what owns orchestrations and tasks, and the switch that pauses them all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from macropod.tables import moment
from macropod.values import ShownValue


@dataclass(frozen=True)
class Workspace(ShownValue):
    """The workspace of a token, its id and name.

    created_at     an aware datetime
    paused_at      since when all its tasks are paused, an aware datetime; None when they are not
    paused_by      the name of the token of who paused it; `pause_reason` why
    """

    id: int
    name: str
    created_at: datetime
    paused_at: datetime | None
    paused_by: str | None
    pause_reason: str | None

    def _facts(self) -> list[tuple[str, str]]:
        facts = [("id", str(self.id)), ("name", self.name), ("paused", str(self.paused_at is not None))]
        if self.paused_at:
            facts.append(("paused at", moment(self.paused_at)))
        more = (("paused by", self.paused_by), ("pause reason", self.pause_reason))
        return [*facts, *((name, value) for name, value in more if value)]
