"""Run due moments of the past that have no run."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlmodel import Session

from macropod_server.db import pauses, tasks, ticks
from macropod_server.db.tables import Task, Tick
from macropod_server.deps import Deps
from macropod_server.domain.errors import Conflict, Invalid
from macropod_server.domain.run import Cause
from macropod_server.domain.schedule import next_due
from macropod_server.domain.task import TaskKind, TickOutcome
from macropod_server.domain.ticks import Verdict
from macropod_server.flows.admit_run import Admissions, hold_task
from macropod_server.flows.settle_ticks import Settled, settle
from macropod_server.flows.task_plan import plan_of

log = structlog.get_logger()

MOST_TICKS = 1000

_HAS_RUN = {TickOutcome.STARTED, TickOutcome.MERGED}
_SECOND = timedelta(seconds=1)


def backfill(
    deps: Deps,
    task_id: str,
    *,
    workspace_id: int,
    from_at: datetime,
    to_at: datetime,
    requested_by: str | None,
    now: datetime,
) -> list[Tick]:
    """The ticks that have a run now and had none, in order. Asked for again it finds nothing left to do.

    Raises `Conflict` while anything is paused: which of the ticks that passed meanwhile run is asked afterwards.
    """
    _check_span(from_at, to_at, now=now)
    with deps.database.write() as session:
        pauses.hold_still(session)
        if pauses.is_paused(session, workspace_id):
            raise Conflict("The workspace is paused. `macropod workspace resume` lets it go on; backfill then.")
        task = hold_task(session, task_id, workspace_id=workspace_id)
        moments = _moments(task, from_at, to_at)
        there = {tick.due_at: tick for tick in ticks.between(session, task.id, from_at, to_at)}
        wanted = [each for each in moments if each not in there or there[each].outcome not in _HAS_RUN]
        settled = _settle(deps, session, task, wanted, requested_by=requested_by, now=now)
        filled = _store(session, settled, there)
        if settled.runs:
            tasks.note_wanted(session, task, settled.runs[-1], now=now)
    log.info("task_backfilled", task_id=task_id, ticks=len(filled), by=requested_by)
    deps.signals.wake("start_run")
    return filled


def _check_span(from_at: datetime, to_at: datetime, *, now: datetime) -> None:
    if from_at >= to_at:
        message = f"from_at is {from_at.isoformat()}, which is not before to_at, {to_at.isoformat()}."
        raise Invalid.field("from_at", message)
    if to_at > now:
        message = f"to_at is {to_at.isoformat()}, which is still to come; give {now.isoformat()} or earlier."
        raise Invalid.field("to_at", message)


def _moments(task: Task, from_at: datetime, to_at: datetime) -> list[datetime]:
    """The due moments of the span, both ends included."""
    if task.kind is not TaskKind.RUN_SCHEDULED:
        raise Conflict(f"Task {task.name!r} ({task.id}) has no schedule, so there is nothing to backfill.")
    plan, found = plan_of(task), list[datetime]()
    due_at = next_due(plan, from_at - _SECOND)
    while due_at is not None and due_at <= to_at and len(found) <= MOST_TICKS:
        if due_at >= from_at:
            found.append(due_at)
        due_at = next_due(plan, due_at)
    if len(found) > MOST_TICKS:
        message = f"More than {MOST_TICKS} ticks are due in this span; backfill it in parts, the first until "
        raise Invalid.field("to_at", f"{message}{found[MOST_TICKS - 1].isoformat()}.")
    return found


def _settle(
    deps: Deps,
    session: Session,
    task: Task,
    moments: Sequence[datetime],
    *,
    requested_by: str | None,
    now: datetime,
) -> Settled:
    """All or nothing: every one of them gets its run."""
    admissions = Admissions(session, [task], most_queued=deps.settings.max_queued_per_task)
    verdicts = [Verdict(due_at, TickOutcome.STARTED) for due_at in moments]
    facts = {"cause": Cause.BACKFILL, "requested_by": requested_by}
    settled = settle(admissions, task, verdicts, now=now, queueing=True, **facts)
    if refused := next((tick for tick in settled.ticks if tick.outcome is TickOutcome.REFUSED), None):
        raise Conflict(f"Nothing was backfilled, for it was too much at once: {refused.reason}")
    admissions.store(now=now)
    return settled


def _store(session: Session, settled: Settled, there: dict[datetime, Tick]) -> list[Tick]:
    filled = []
    for made in settled.ticks:
        tick = there.get(made.due_at, made)
        tick.become(made)
        filled.append(tick)
    ticks.add(session, [tick for tick in filled if tick.id is None], in_time=False)
    return filled
