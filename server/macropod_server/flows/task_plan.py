"""When a stored task is due."""

from datetime import date, datetime
from functools import lru_cache

from macropod_server.db.tables import Task
from macropod_server.domain.errors import MacropodError
from macropod_server.domain.schedule import Plan, read_plan

PLAN_FIELDS = ("schedule", "timezone", "every_seconds", "starts_at", "ends_at", "excluded_dates", "jitter_seconds")
"""What of a task, and of the wish for one, says when it is due."""

UNREADABLE = (ArithmeticError, LookupError, TypeError, ValueError, MacropodError)
"""What a plan raises that an earlier version took and this one does not understand."""


def plan_of(task: Task) -> Plan:
    """Raises `Invalid` for one that an earlier version took and this one does not."""
    return _read(
        task.schedule,
        task.timezone,
        task.every_seconds,
        task.starts_at,
        task.ends_at,
        tuple(task.excluded_dates),
        task.jitter_seconds,
        task.created_at if task.every_seconds is not None else None,
        task.id if task.jitter_seconds else None,
    )


@lru_cache(maxsize=4096)
def _read(
    schedule: str | None,
    timezone: str | None,
    every_seconds: int | None,
    starts_at: datetime | None,
    ends_at: datetime | None,
    excluded_dates: tuple[str, ...],
    jitter_seconds: int,
    created_at: datetime | None,
    task_id: str | None,
) -> Plan:
    return read_plan(
        schedule,
        every_seconds=every_seconds,
        timezone=timezone,
        starts_at=starts_at,
        ends_at=ends_at,
        excluded_dates=[date.fromisoformat(day) for day in excluded_dates],
        jitter_seconds=jitter_seconds,
        created_at=created_at,
        task_id=task_id,
    )
