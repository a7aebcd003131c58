"""Ticks: the due moments of a scheduled task, and what became of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from macropod.tables import NOTHING, Listing, moment
from macropod.values import Value


@dataclass(frozen=True)
class Tick(Value):
    """One due moment of the task `task_id`.

    outcome     "started", "skipped", "merged", "missed", "paused" or "refused"
    reason      why it did not start, one sentence; None when it did
    run_id      its run; of a skipped one the run in the way, of a merged one the run that stands for it
    due_at, created_at   when it was due and when it was decided, aware datetimes
    """

    task_id: str
    due_at: datetime
    outcome: str
    reason: str | None
    run_id: str | None
    created_at: datetime

    @property
    def id(self) -> str:
        """The due moment as ISO 8601 text: a task has one tick a moment."""
        return self.due_at.isoformat()

    def _row(self) -> list[str]:
        return [moment(self.due_at), self.outcome, self.run_id or NOTHING, self.reason or NOTHING]


class TickList(Listing[Tick]):
    """Ticks: a list that shows as a table."""

    _dispensable = ("reason",)

    _columns = ("due at", "outcome", "run id", "reason")
