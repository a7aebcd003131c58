"""Moves a task through its days: ticks, claims, ends and clean-up, in the steps the engine takes."""

from macropod_server.db.tables import Slot, Tick
from macropod_server.domain.run import Reason
from macropod_server.flows.backfill import backfill
from macropod_server.flows.clean_up import clean_up
from macropod_server.flows.enqueue_due import enqueue_due
from macropod_server.flows.finish_run import Ending, finish_run
from macropod_server.flows.hand_spec import hand_spec
from macropod_server.flows.pause_all import pause_all, resume_all
from macropod_server.flows.pause_task import pause_task, resume_task
from macropod_server.flows.run_now import run_now
from macropod_server.flows.start_run import start_runs

from tests.builders import WORKSPACE, all_rows, reread, runs_of


def enqueue_all(deps):
    while enqueue_due(deps):
        pass


def minutes_pass(deps, count, *, each=lambda: None):
    """The engine looks at every minute."""
    for _ in range(count):
        deps.clock.advance(minutes=1)
        enqueue_all(deps)
        each()


def away(deps, **span):
    """The server is away, then back."""
    deps.clock.advance(**span)
    enqueue_all(deps)


def ticks_of(deps, task):
    """By due moment."""
    return sorted((tick for tick in all_rows(deps, Tick) if tick.task_id == task.id), key=lambda tick: tick.due_at)


def outcomes(deps, task):
    return [tick.outcome.value for tick in ticks_of(deps, task)]


def statuses(deps, task):
    return [run.status.value for run in runs_of(deps, task)]


def begin(deps, run):
    """The run was claimed, and its runner has called."""
    while start_runs(deps):
        pass
    hand_spec(deps, run.id, now=deps.clock())
    return reread(deps, run)


def end(deps, run, reason=Reason.COMPLETED, *, gone=True):
    finish_run(deps, run.id, Ending(reason), now=deps.clock())
    if gone:
        clean_up(deps)


def claim(deps):
    while start_runs(deps):
        pass


def holders(deps):
    return {slot.name: slot.run_id for slot in all_rows(deps, Slot)}


def order(deps, task, *, key=None, by="laptop"):
    return run_now(deps, task.id, workspace_id=WORKSPACE, idempotency_key=key, requested_by=by, now=deps.clock())


def pause(deps, task, reason=None, by="laptop"):
    return pause_task(deps, task.id, workspace_id=WORKSPACE, reason=reason, requested_by=by, now=deps.clock())


def resume(deps, task, by="laptop"):
    return resume_task(deps, task.id, workspace_id=WORKSPACE, requested_by=by, now=deps.clock())


def pause_workspace(deps, reason=None, by="laptop"):
    return pause_all(deps, workspace_id=WORKSPACE, reason=reason, requested_by=by, now=deps.clock())


def resume_workspace(deps, spread, by="laptop"):
    return resume_all(deps, workspace_id=WORKSPACE, spread=spread, requested_by=by, now=deps.clock())


def fill(deps, task, from_at, to_at, by="laptop"):
    span = {"from_at": from_at, "to_at": to_at}
    return backfill(deps, task.id, workspace_id=WORKSPACE, requested_by=by, now=deps.clock(), **span)
