"""Turn due moments of schedules into ticks and their runs, each pair in one transaction."""

from datetime import datetime, timedelta

import structlog
from sqlmodel import Session

from macropod_server.db import orchestrations, runs, tasks
from macropod_server.db.tables import Task, Tick
from macropod_server.deps import Deps
from macropod_server.domain.errors import MacropodError
from macropod_server.domain.schedule import Schedule, next_due, parse_schedule
from macropod_server.domain.task import TickOutcome

log = structlog.get_logger()

CATCH_UP = timedelta(hours=1)
"""After the server was away, the latest missed tick of a task still runs when it is no older than this."""

_BATCH = 200
_LONGEST_SLEEP = timedelta(seconds=60)


def enqueue_due(deps: Deps) -> bool:
    """One tick for each of the tasks longest due; True when there may be more."""
    now = deps.clock()
    with deps.database.write() as session:
        due = tasks.due(session, now, limit=_BATCH)
        for task in due:
            _enqueue_or_put_aside(session, task, now=now)
    if due:
        deps.signals.wake("start_run")
    return bool(due)


def until_next_due(deps: Deps) -> timedelta:
    """How long nothing will be due; a clock that jumps is noticed within a minute."""
    with deps.database.read() as session:
        first = tasks.first_due_at(session)
    if first is None:
        return _LONGEST_SLEEP
    return min(max(first - deps.clock(), timedelta(0)), _LONGEST_SLEEP)


def _enqueue_or_put_aside(session: Session, task: Task, *, now: datetime) -> None:
    """One task that cannot be enqueued must not hold up all others that are due."""
    try:
        with session.begin_nested():
            _enqueue(session, task, now=now)
    except (ArithmeticError, LookupError, TypeError, ValueError, MacropodError):
        log.exception("task_put_aside", task_id=task.id, schedule=task.schedule, timezone=task.timezone)
        tasks.put_aside(session, task.id, now=now)


def _enqueue(session: Session, task: Task, *, now: datetime) -> None:
    due_at, schedule = task.next_due_at, _schedule_of(task)
    assert due_at is not None
    task.next_due_at = next_due(schedule, due_at)
    session.add(task)
    is_latest = task.next_due_at > now
    tick = Tick(task_id=task.id, due_at=due_at, outcome=TickOutcome.MISSED, created_at=now)
    if is_latest and now - due_at <= CATCH_UP:
        orchestration = orchestrations.get(session, task.orchestration_id)
        run = runs.add(session, orchestration, task_id=task.id, due_at=due_at, now=now)
        tick.outcome, tick.run_id = TickOutcome.STARTED, run.id
    session.add(tick)


def _schedule_of(task: Task) -> Schedule:
    return parse_schedule(task.schedule or "", timezone=task.timezone)
