"""Turn due moments of schedules into ticks and their runs, each pair in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

import structlog
from sqlmodel import Session

from macropod_server.db import runs, tasks, ticks
from macropod_server.db.tables import Run, Task, Tick
from macropod_server.deps import Deps
from macropod_server.domain.errors import MacropodError
from macropod_server.domain.naming import new_id
from macropod_server.domain.schedule import Schedule, next_due, parse_schedule
from macropod_server.domain.task import TickOutcome

log = structlog.get_logger()

CATCH_UP = timedelta(hours=1)
"""After the server was away, the latest missed tick of a task still runs when it is no older than this."""

_BATCH = 200
_LONGEST_SLEEP = timedelta(seconds=60)


@dataclass(frozen=True)
class DueTick:
    """What a due moment of a task leads to: its row, its run unless it was missed, and the moment after it."""

    tick: Tick
    run: Run | None
    next_due_at: datetime


def enqueue_due(deps: Deps) -> bool:
    """One tick for each of the tasks longest due; True when there may be more."""
    now = deps.clock()
    with deps.database.write() as session:
        due = tasks.due(session, now, limit=_BATCH)
        decided = [tick for task in due if (tick := _decided_or_put_aside(session, task, now=now))]
        if decided:
            _store(session, decided)
    is_last = len(due) < _BATCH
    if due and is_last:
        deps.signals.wake("start_run")
    return bool(due)


def until_next_due(deps: Deps) -> timedelta:
    """How long nothing will be due; a clock that jumps is noticed within a minute."""
    with deps.database.read() as session:
        first = tasks.first_due_at(session)
    if first is None:
        return _LONGEST_SLEEP
    return min(max(first - deps.clock(), timedelta(0)), _LONGEST_SLEEP)


def _decided_or_put_aside(session: Session, task: Task, *, now: datetime) -> DueTick | None:
    """One task that cannot be enqueued must not hold up all others that are due."""
    try:
        return _decided(task, now=now)
    except (ArithmeticError, LookupError, TypeError, ValueError, MacropodError):
        log.exception("task_put_aside", task_id=task.id, schedule=task.schedule, timezone=task.timezone)
        tasks.put_aside(session, task.id, now=now)
        return None


def _decided(task: Task, *, now: datetime) -> DueTick:
    due_at, schedule = task.next_due_at, _read(task.schedule or "", task.timezone)
    assert due_at is not None
    following = next_due(schedule, due_at)
    is_latest = following > now
    if is_latest and now - due_at <= CATCH_UP:
        run = Run.of_task(task, id=new_id(), due_at=due_at, now=now)
        started = Tick(task_id=task.id, due_at=due_at, outcome=TickOutcome.STARTED, run_id=run.id, created_at=now)
        return DueTick(started, run, following)
    missed = Tick(task_id=task.id, due_at=due_at, outcome=TickOutcome.MISSED, created_at=now)
    return DueTick(missed, None, following)


def _store(session: Session, decided: Sequence[DueTick]) -> None:
    started = [each.run for each in decided if each.run is not None]
    if started:
        runs.add(session, started)
    ticks.add(session, [each.tick for each in decided])
    tasks.note_ticks(session, [{"id": each.tick.task_id, "next_due_at": each.next_due_at} for each in decided])
    tasks.note_ticks(session, [{"id": run.task_id, "last_run_id": run.id} for run in started])


@lru_cache(maxsize=4096)
def _read(text: str, timezone: str | None) -> Schedule:
    return parse_schedule(text, timezone=timezone)
