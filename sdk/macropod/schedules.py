"""When a schedule would be due, before a task is made of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Literal

from macropod.answers import Answer
from macropod.tables import NOTHING, Listing, moment


@dataclass(frozen=True)
class Upcoming:
    """A due moment: `due_at` in UTC, `local_at` on the clocks of the zone; both aware.

    `clock_change` is "forward" or "back" on a day when those clocks are changed, otherwise None.
    """

    due_at: datetime
    local_at: datetime
    clock_change: Literal["forward", "back"] | None

    @property
    def id(self) -> str:
        """The due moment as ISO 8601 text."""
        return self.due_at.isoformat()

    def to_dict(self) -> dict[str, Any]:
        """As the server's answer gave it."""
        return {"due_at": self.id, "local_at": self.local_at.isoformat(), "clock_change": self.clock_change}

    def _row(self) -> list[str]:
        change = f"clocks go {self.clock_change}" if self.clock_change else NOTHING
        return [moment(self.due_at), self.local_at.strftime("%a %Y-%m-%d %H:%M:%S %z"), change]


class SchedulePreview(Listing[Upcoming]):
    """The next due moments of a schedule; `in_words` says how the server read it."""

    _columns: ClassVar[tuple[str, ...]] = ("due at", "local time", "clock change")

    schedule: str | None
    every_seconds: int | None
    timezone: str
    in_words: str

    def __init__(
        self,
        upcoming: Iterable[Upcoming],
        *,
        schedule: str | None,
        every_seconds: int | None = None,
        timezone: str,
        in_words: str,
    ) -> None:
        super().__init__(upcoming)
        self.schedule, self.every_seconds, self.timezone, self.in_words = schedule, every_seconds, timezone, in_words


def read_preview(answer: Answer) -> SchedulePreview:
    upcoming = [
        Upcoming(datetime.fromisoformat(each["due_at"]), datetime.fromisoformat(each["local_at"]), each["clock_change"])
        for each in answer["upcoming"]
    ]
    return SchedulePreview(
        upcoming,
        schedule=answer["schedule"],
        every_seconds=answer["every_seconds"],
        timezone=answer["timezone"],
        in_words=answer["in_words"],
    )
