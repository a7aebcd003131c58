"""I1: each due moment has one tick and each started tick one run, by a calendar of its own. I9: after a kill none."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from chaos.evidence import Check, Evidence
from chaos.orders import Order
from chaos.reading import RunRow, TaskRow, TickRow

_SLACK = timedelta(seconds=5)
_MARGIN = timedelta(seconds=5)
"""A program whose runner was let go just before the kill may come to its first line a moment after it."""


_EXPLAINED = ": 0 unexplained ticks"


def due_moments(order: Order, *, after: datetime, until: datetime) -> list[datetime]:
    """Reckoned by counting, not by the engine's arithmetic: from the start on, one step after another."""
    assert order.starts_at is not None
    assert order.every_seconds is not None
    last = until if order.ends_at is None else min(until, order.ends_at)
    step, moment, found = timedelta(seconds=order.every_seconds), order.starts_at, []
    while moment <= last:
        if moment > after:
            found.append(moment)
        moment += step
    return found


def check_ticks(evidence: Evidence) -> Check:
    tasks = {task.id: task for task in evidence.rows.tasks}
    scheduled = [order for order in evidence.orders if order.is_scheduled and order.task_id in tasks]
    by_task: dict[str, list[TickRow]] = {order.task_id: [] for order in scheduled}
    for tick in evidence.rows.ticks:
        by_task.setdefault(tick.task_id, []).append(tick)
    found = [
        *_orders_made_once(evidence),
        *(each for order in scheduled for each in _of_one(order, tasks[order.task_id], by_task, evidence)),
        *_one_to_one(evidence),
    ]
    return Check("I1", "due moments = ticks = runs, one each", len(evidence.rows.ticks), found)


def check_audit(evidence: Evidence) -> Check:
    """The server's own audit, as a second opinion."""
    code, told = evidence.audit
    found = [] if code == 0 and _EXPLAINED in told else [f"`macropod-server audit` ended with {code}: {told[:500]}"]
    return Check("audit", "the server's own audit explains all", len(evidence.rows.ticks), found)


def check_kills(evidence: Evidence) -> Check:
    killed = {each.task_id: each for each in evidence.orders if each.kill_acknowledged_at is not None}
    return Check("I9", "a killed task starts nothing", len(killed), list(_after_kill(evidence, killed)))


def _orders_made_once(evidence: Evidence) -> Iterator[str]:
    names = Counter(task.name for task in evidence.rows.tasks)
    known = {task.id for task in evidence.rows.tasks}
    for order in evidence.orders:
        if order.task_id not in known:
            yield f"Task {order.task_id} ({order.name}) was acknowledged and is not there."
        elif names[order.name] != 1:
            yield f"{order.name} was ordered once and is there {names[order.name]} times."
    first_runs = Counter(run.task_id for run in evidence.rows.runs if run.attempt == 1)
    for order in evidence.orders:
        if not order.is_scheduled and order.task_id in known and first_runs[order.task_id] != 1:
            yield f"Task {order.task_id} ({order.name}) runs once and has {first_runs[order.task_id]} runs."


def _of_one(order: Order, task: TaskRow, by_task: dict[str, list[TickRow]], evidence: Evidence) -> Iterator[str]:
    ticks = by_task[order.task_id]
    seen = Counter(tick.due_at for tick in ticks)
    due = due_moments(order, after=task.created_at, until=evidence.checked_at)
    sure = order.sure_until or max(seen, default=task.created_at)
    needed = {moment for moment in due if moment <= min(sure, evidence.checked_at - _SLACK)}
    where = f"task {order.task_id} ({order.name})"
    yield from (f"Lost: {where} was due at {moment} and has no tick." for moment in sorted(needed - set(seen)))
    yield from (f"Doubled: {where} has {count} ticks for {moment}." for moment, count in seen.items() if count > 1)
    yield from (f"Made up: {where} has a tick at {moment} and was not due." for moment in sorted(set(seen) - set(due)))
    for tick in ticks:
        if tick.outcome == "missed" and order.missed == "all" and not _gone_with_a_kill(tick, order):
            yield f"Missed: {where} was to make up all, and {tick.due_at} was not run: {tick.reason}"
        if evidence.clock_is_true and tick.created_at < tick.due_at:
            yield f"Early: the tick of {where} for {tick.due_at} was made at {tick.created_at}."


def _gone_with_a_kill(tick: TickRow, order: Order) -> bool:
    """It passed before the kill was acknowledged, and was seen by no server before the kill was sent."""
    if order.kill_sent_at is None or tick.created_at < order.kill_sent_at:
        return False
    return order.kill_acknowledged_at is None or tick.due_at <= order.kill_acknowledged_at


def _one_to_one(evidence: Evidence) -> Iterator[str]:
    runs = {run.id: run for run in evidence.rows.runs}
    started = [tick for tick in evidence.rows.ticks if tick.outcome == "started"]
    uses = Counter(tick.run_id for tick in started)
    for tick in started:
        run, which = runs.get(tick.run_id or ""), f"The tick of task {tick.task_id} for {tick.due_at}"
        if run is None:
            yield f"{which} was started, and its run {tick.run_id} is not there."
        elif (run.task_id, run.due_at) != (tick.task_id, tick.due_at):
            yield f"{which} names run {run.id} of task {run.task_id} for {run.due_at}."
    yield from (f"Run {run_id} stands behind {count} ticks." for run_id, count in uses.items() if count > 1)
    for run in runs.values():
        if _is_of_a_tick(run) and uses[run.id] != 1:
            yield f"Run {run.id} of task {run.task_id} for {run.due_at} has no tick."


def _is_of_a_tick(run: RunRow) -> bool:
    return run.due_at is not None and run.attempt == 1 and run.cause in ("ordered", "schedule", "backfill")


def _after_kill(evidence: Evidence, killed: dict[str, Order]) -> Iterator[str]:
    for run in evidence.rows.runs:
        order = killed.get(run.task_id or "")
        if order is None or order.kill_acknowledged_at is None:
            continue
        for what in ("created_at", "claimed_at", "started_at"):
            at = getattr(run, what)
            if at is not None and at > order.kill_acknowledged_at:
                yield f"Run {run.id}: {what} {at} is after the kill of its task was acknowledged."
    for mark in evidence.marks:
        order = killed.get(mark.task_id)
        known = order.kill_acknowledged_at if order else None
        if known is not None and mark.what == "start" and mark.at > known + _MARGIN:
            yield f"Run {mark.run_id} began at {mark.at}; the kill of its task was acknowledged at {known}."
