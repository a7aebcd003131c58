"""After a pause: ask the policy for missed ticks which of those that passed meanwhile still run."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from macropod_server.db import runs, tasks, ticks
from macropod_server.db.tables import Run, Task, Tick
from macropod_server.domain.ticks import judge, passed
from macropod_server.flows.admit_run import Admissions
from macropod_server.flows.settle_ticks import newest_of, policy_of, settle
from macropod_server.flows.task_plan import UNREADABLE, plan_of

_ON_TIME_AT_MOST = 10
"""How many ticks of a task can be on time at once; see `domain.ticks.ON_TIME`."""


def ask_again(session: Session, held: Sequence[Task], *, most_queued: int, now: datetime) -> Sequence[str]:
    """Those that run get their run; the others stay `paused`. Returns which runs are to hear that they stop."""
    admissions = Admissions(session, held, most_queued=most_queued)
    changed, made = list[tuple[Tick, Tick]](), list[Run]()
    for task in held:
        waiting = {tick.due_at: tick for tick in _waiting(session, task)}
        policy = policy_of(task)
        verdicts = judge([*waiting], policy, now=now, later=_count_undecided(task, reach=policy.reach, now=now))
        settled = settle(admissions, task, [each for each in verdicts if each.is_wanted], now=now)
        changed += [(waiting[each.due_at], each) for each in settled.ticks]
        made += settled.runs
    asked = admissions.store(now=now)
    for tick, settled_tick in changed:
        tick.become(settled_tick)
    tasks.note_ticks(session, newest_of(made))
    return asked


def close(session: Session, over: Sequence[Task]) -> None:
    """Tasks whose plan has ended. Of those that have runs left, the last run's end tells so."""
    idle = [{"id": task.id, "active": False} for task in over if not runs.has_unfinished(session, task_id=task.id)]
    tasks.note_ticks(session, idle)


def _waiting(session: Session, task: Task) -> list[Tick]:
    """As many of the ticks as the policy may let run, in order."""
    limit = max(policy_of(task).reach, _ON_TIME_AT_MOST)
    return ticks.since_last_settled(session, task.id, limit=limit)[::-1]


def _count_undecided(task: Task, *, reach: int, now: datetime) -> int:
    """How many moments have passed that have no tick yet; what becomes of those is decided in their own turn."""
    if task.next_due_at is None or task.next_due_at > now or not reach:
        return 0
    try:
        return len(passed(plan_of(task), task.next_due_at, now=now, limit=reach, reach=0).moments)
    except UNREADABLE:
        return 0
