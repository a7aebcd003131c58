"""Audit: every due moment of a span has one tick, every started tick one run, and there is nothing else."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlmodel import Session

from macropod_server.db import audit as ledger
from macropod_server.db.engine import Database
from macropod_server.db.tables import Task
from macropod_server.domain.audit import Expectation, Findings, RunFact, TickFact, Unexplained, compare
from macropod_server.domain.errors import Invalid
from macropod_server.domain.retention import bound
from macropod_server.domain.schedule.walk import Calendar
from macropod_server.domain.task import TaskStatus
from macropod_server.settings import Settings

UNSETTLED = timedelta(minutes=1)
"""So young a moment may not have had its turn yet: the engine looks for due tasks once a minute at least."""

_TASK_DAYS = 30
"""How much is held in memory at once: so many tasks times days."""

_DAY = timedelta(days=1)


@dataclass
class Audit:
    """What was found from `start` to `end`."""

    start: datetime
    end: datetime
    tasks: int = 0
    ticks: int = 0
    undecided: int = 0
    unexplained: list[Unexplained] = field(default_factory=list)


def audit(database: Database, settings: Settings, *, start: datetime, end: datetime, now: datetime) -> Audit:
    """Reads only. Rows that retention may have removed are neither looked for nor missed."""
    if start >= end:
        raise Invalid.field("from", f"--from is {start.isoformat()}, which is not before --to, {end.isoformat()}.")
    oldest = bound(now, days=settings.keep_ticks_days).since
    done = Audit(max(start, oldest or start), end)
    with ledger.snapshot(database) as session:
        tasks = ledger.scheduled_tasks(session)
        done.tasks = len(tasks)
        for some in _batches(tasks, done.end - done.start):
            _compare_all(_Reading(session, settings, done.start, done.end, now), some, done)
        for task_id, run in ledger.runs_without_schedule(session, done.start, done.end):
            what = f"has run {run.id}, and the task has no schedule"
            done.unexplained.append(Unexplained(task_id, run.due_at, what))
    return done


@dataclass(frozen=True)
class _Reading:
    session: Session
    settings: Settings
    start: datetime
    end: datetime
    now: datetime


def _batches(tasks: Sequence[Task], span: timedelta) -> Iterator[Sequence[Task]]:
    size = max(1, _TASK_DAYS // max(1, span // _DAY))
    yield from (tasks[place : place + size] for place in range(0, len(tasks), size))


def _compare_all(reading: _Reading, tasks: Sequence[Task], done: Audit) -> None:
    ids = [task.id for task in tasks]
    ticks = ledger.ticks(reading.session, ids, reading.start, reading.end)
    runs = ledger.first_attempts(reading.session, ids, reading.start, reading.end)
    for task in tasks:
        found = _compare(reading, task, ticks.get(task.id, []), runs.get(task.id, []))
        done.ticks += found.ticks
        done.undecided += found.undecided
        done.unexplained += found.unexplained


def _compare(reading: _Reading, task: Task, ticks: Sequence[TickFact], runs: Sequence[RunFact]) -> Findings:
    expected = _expectation(reading.session, task)
    try:
        found = compare(expected, ticks, runs, start=reading.start, end=reading.end)
        if found.unexplained and (kept_from := _kept_from(reading, task)):
            found = compare(replace(expected, kept_from=kept_from), ticks, runs, start=reading.start, end=reading.end)
    except (ArithmeticError, LookupError, ValueError, Invalid) as error:
        what = f"its schedule {task.schedule!r} in {task.timezone} cannot be read ({error})"
        return Findings(len(ticks), unexplained=[Unexplained(task.id, reading.start, what)])
    return found


def _expectation(session: Session, task: Task) -> Expectation:
    return Expectation(
        task_id=task.id,
        calendar=Calendar(
            schedule=task.schedule,
            every_seconds=task.every_seconds,
            timezone=task.timezone,
            starts_at=task.starts_at,
            ends_at=task.ends_at,
            excluded_dates=frozenset(task.excluded_dates),
            jitter_seconds=task.jitter_seconds,
            created_at=task.created_at,
            task_id=task.id,
        ),
        made_at=task.created_at,
        ends_at=_ends_at(session, task),
        undecided_from=task.next_due_at,
        kept_from=None,
    )


def _ends_at(session: Session, task: Task) -> datetime | None:
    """From then on the task has no due moments. When one failed is not noted: it had those it has ticks of."""
    if task.kill_asked_at is not None:
        return task.kill_asked_at - UNSETTLED
    if task.status is TaskStatus.FAILED:
        return ledger.newest(session, task.id) or task.created_at
    return None


def _kept_from(reading: _Reading, task: Task) -> datetime | None:
    """Before this retention may have removed ticks of this task by their number, or because the task is over."""
    keep = reading.settings
    over_since = bound(reading.now, days=keep.keep_tasks_days).since
    is_over = not task.active and task.status is not TaskStatus.PENDING_KILL
    if is_over and (keep.keep_tasks or (over_since is not None and task.updated_at < over_since)):
        return reading.now
    count, oldest = ledger.count_and_oldest(reading.session, task.id)
    return oldest if keep.keep_ticks_per_task and count >= keep.keep_ticks_per_task else None
