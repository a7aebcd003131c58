"""Events of a workspace in their order: each once, over as many calls as that takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from macropod.connection import Connection
from macropod.patience import AWAY, LONGEST_ABSENCE_SECONDS, backoff
from macropod.tables import NOTHING, Listing, moment
from macropod.values import Value

_PAGE = 100
_WAIT_SECONDS = 20
_SHORTEST_PAUSE_SECONDS = 0.1


@dataclass(frozen=True)
class Event(Value):
    """Something others may want to be told of.

    id       a number; later events have greater ones
    kind     "run_ended": a run has ended
    facts    about a run that ended: "status", "reason", "message", "exit_code", "attempt", "cause", "due_at",
             "run_kind" and "task_name"
    workspace_id, orchestration_id, task_id, run_id   what it is about; `task_id` is None for packaging
    created_at   an aware datetime
    """

    id: int
    kind: str
    workspace_id: int
    orchestration_id: str
    task_id: str | None
    run_id: str
    facts: Mapping[str, Any]
    created_at: datetime

    def _row(self) -> list[str]:
        task, status = (str(self.facts.get(name) or NOTHING) for name in ("task_name", "status"))
        return [str(self.id), moment(self.created_at), self.kind, status, task, self.run_id]


class EventList(Listing[Event]):
    """Events in their order: a list that shows as a table."""

    _dispensable = ("created at", "task name")

    _columns = ("id", "created at", "kind", "status", "task name", "run id")


def read_events(connection: Connection, *, after: int, follow: bool) -> Iterator[Event]:
    """Those after a number, in order. With `follow` without end, also while the server is away for a while."""
    clock = connection.clock
    last_heard, pauses = clock.now(), backoff(_SHORTEST_PAUSE_SECONDS, most=5)
    while True:
        try:
            page = connection.get("/v1/events", after=after, limit=_PAGE, wait=_WAIT_SECONDS if follow else None)
            last_heard, pauses = clock.now(), backoff(_SHORTEST_PAUSE_SECONDS, most=5)
            for each in page["items"]:
                yield Event._of(each)
                after = each["id"]
            after = page["next_after"]
            if page["items"]:
                continue
            if not follow:
                return
        except AWAY:
            if not follow or clock.now() - last_heard > LONGEST_ABSENCE_SECONDS:
                raise
        clock.sleep(next(pauses))
