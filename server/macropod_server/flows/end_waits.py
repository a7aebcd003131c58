"""End runs that have waited in the queue for longer than their task allows, and forget what waits no more."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from macropod_server.db import queue, runs
from macropod_server.db.queue import Waiting
from macropod_server.deps import Deps
from macropod_server.domain.run import Reason, RunStatus
from macropod_server.flows.finish_run import Ending, finish_run
from macropod_server.flows.time_limits import DELAY, MAIN, QUEUE, START


def end_waits(deps: Deps) -> bool:
    """One look at all that waits; False: there is nothing more to do before time has passed."""
    now = deps.clock()
    with deps.database.read() as session:
        found = queue.waiting(session)
    _forget_others(deps, found)
    limits = {run.id: run.limit_seconds for run in found if run.limit_seconds is not None and run.is_in_line(now)}
    lasted = deps.stopwatch.all_seen(QUEUE, limits)
    for run_id, seconds in limits.items():
        if lasted[run_id] > timedelta(seconds=seconds):
            _end(deps, run_id, seconds, now=now)
    return False


def _end(deps: Deps, run_id: str, seconds: int, *, now: datetime) -> None:
    with deps.database.read() as session:
        run = runs.get(session, run_id)
    message = f"The run waited in the queue for its limit of {seconds} s and was not started."
    if run.status is RunStatus.QUEUED:
        finish_run(deps, run_id, Ending(Reason.QUEUE_TIMEOUT, message), now=now, seen=run)


def _forget_others(deps: Deps, found: Sequence[Waiting]) -> None:
    """What is not among the found is over. That also begins to count for what an earlier process has started."""
    deps.stopwatch.all_seen(START, [(run.id, run.lease) for run in found if run.status is RunStatus.STARTING])
    deps.stopwatch.all_seen(MAIN, [run.id for run in found if run.status is RunStatus.RUNNING])
    deps.stopwatch.all_seen(DELAY, [run.id for run in found if run.delayed_since is not None])
