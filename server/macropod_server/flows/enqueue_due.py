"""Turn due moments of schedules into ticks and their runs, each pair in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlmodel import Session

from macropod_server.db import pauses, tasks, ticks
from macropod_server.db.tables import Run, Task, Tick
from macropod_server.deps import Deps
from macropod_server.domain.task import TaskStatus
from macropod_server.domain.ticks import Pause, Verdict, forgo, judge, passed, withhold
from macropod_server.flows.admit_run import Admissions, tell
from macropod_server.flows.ask_again import close
from macropod_server.flows.settle_ticks import newest_of, policy_of, settle
from macropod_server.flows.task_plan import UNREADABLE, plan_of

log = structlog.get_logger()

_BATCH = 200
_MOMENTS_OF_TASK = 500
_MOMENTS = 2000
"""What one step decides at most, so that after an outage no transaction is long."""

_LONGEST_SLEEP = timedelta(seconds=60)
_WHILE_LOCKED = timedelta(seconds=0.2)


@dataclass(frozen=True)
class Due:
    """What has passed of a task's plan, and the first moment left over."""

    task: Task
    verdicts: Sequence[Verdict]
    following: datetime | None
    is_paused: bool = False


def enqueue_due(deps: Deps) -> bool:
    """Ticks of the tasks that are due, those due last first; True when there may be more."""
    now = deps.clock()
    with deps.database.write() as session:
        pauses.hold_still(session)
        found = tasks.due(session, now, limit=_BATCH)
        due = _judged(session, found, now=now)
        asked = _store(session, due, most_queued=deps.settings.max_queued_per_task, now=now)
    tell(deps, asked)
    if 0 < len(found) < _BATCH:
        deps.signals.wake("start_run")
    return bool(found)


def until_next_due(deps: Deps) -> timedelta:
    """How long nothing will be due; a clock that jumps is noticed within a minute.

    What is due and was not found is another server's now, or has just become due.
    """
    with deps.database.read() as session:
        first = tasks.first_due_at(session)
    if first is None:
        return _LONGEST_SLEEP
    left = first - deps.clock()
    return min(left, _LONGEST_SLEEP) if left > timedelta(0) else _WHILE_LOCKED


def _judged(session: Session, found: Sequence[Task], *, now: datetime) -> list[Due]:
    """As many of the tasks as one step may decide."""
    paused, due, room = pauses.of_workspaces(session), list[Due](), _MOMENTS
    for task in found:
        if room <= 0:
            break
        if one := _judged_or_put_aside(session, task, paused.get(task.workspace_id), now=now):
            due.append(one)
            room -= len(one.verdicts)
    return due


def _judged_or_put_aside(session: Session, task: Task, pause: Pause | None, *, now: datetime) -> Due | None:
    """One task that cannot be enqueued must not hold up all others that are due."""
    try:
        return _judge(task, pause, now=now)
    except UNREADABLE:
        log.exception("task_put_aside", task_id=task.id, schedule=task.schedule, timezone=task.timezone)
        tasks.put_aside(session, task.id, now=now)
        return None


def _judge(task: Task, pause: Pause | None, *, now: datetime) -> Due:
    assert task.next_due_at is not None
    if task.kill_asked_at is not None:
        return _judge_killed(task, task.next_due_at, killed_at=task.kill_asked_at)
    if task.status is TaskStatus.PAUSED:
        pause = Pause("task", task.paused_by, task.pause_reason)
    policy = policy_of(task)
    found = passed(plan_of(task), task.next_due_at, now=now, limit=_MOMENTS_OF_TASK, reach=policy.reach)
    if pause is not None:
        return Due(task, withhold(found.moments, pause), found.following, is_paused=True)
    return Due(task, judge(found.moments, policy, now=now, later=found.later), found.following)


def _judge_killed(task: Task, first: datetime, *, killed_at: datetime) -> Due:
    """Nothing of it starts any more, but what was due before the kill is told."""
    found = passed(plan_of(task), first, now=killed_at, limit=_MOMENTS_OF_TASK, reach=0)
    is_over = found.following is None or found.following > killed_at
    return Due(task, forgo(found.moments), None if is_over else found.following)


def _store(session: Session, due: Sequence[Due], *, most_queued: int, now: datetime) -> Sequence[str]:
    """The runs that are to hear that they stop."""
    if not due:
        return []
    admissions = Admissions(session, [each.task for each in due], most_queued=most_queued)
    there = ticks.ahead(session, [each.task.id for each in due])
    made, rows = list[Run](), list[Tick]()
    for each in due:
        wanted = [verdict for verdict in each.verdicts if (each.task.id, verdict.due_at) not in there]
        settled = settle(admissions, each.task, wanted, now=now)
        rows += settled.ticks
        made += settled.runs
    asked = admissions.store(now=now)
    ticks.add(session, rows)
    tasks.note_ticks(session, [{"id": each.task.id, "next_due_at": each.following} for each in due])
    tasks.note_ticks(session, newest_of(made))
    close(session, [each.task for each in due if each.following is None and not each.is_paused])
    return asked
