"""The time-outs the server keeps: what they are for a run, and how much of them has passed.

What has passed is what this process has seen itself, on its stopwatch: see there why. The limits of main.py, run and
silence, are kept by the runner.
"""

from datetime import timedelta

from macropod_server.db import tasks
from macropod_server.db.tables import Run, Task
from macropod_server.deps import Deps

_DELIVERY_SECONDS = 15 * 60
"""How long a runner whose server is away may go on delivering before a spawner that can ends its container."""

START, DELAY, STOP, QUEUE, MAIN = "start", "delay", "stop", "queue", "main"
"""What is measured, each by run."""


def start_limit(deps: Deps, run: Run) -> timedelta:
    """How long its container may take to call, and how long its start may be put off."""
    return timedelta(seconds=_own(_task(deps, run), "start_timeout_seconds", deps.settings.start_timeout_seconds))


def deadline_seconds(deps: Deps, task: Task | None) -> int | None:
    """How long a container may be there at all: longer than any limit its runner keeps may take. None: for ever."""
    limit = main_limit_seconds(deps, task)
    if limit is None:
        return None
    start = _own(task, "start_timeout_seconds", deps.settings.start_timeout_seconds)
    return start + limit + grace_seconds(deps, task) + _DELIVERY_SECONDS


def grace(deps: Deps, run: Run) -> timedelta:
    """Between TERM and KILL."""
    return timedelta(seconds=grace_seconds(deps, _task(deps, run)))


def grace_seconds(deps: Deps, task: Task | None) -> int:
    return _own(task, "grace_seconds", deps.settings.grace_seconds)


def main_limit_seconds(deps: Deps, task: Task | None) -> int | None:
    """Of what the runner starts: main.py, or the packaging that is no task's. None: no limit."""
    return deps.settings.packaging_timeout_seconds if task is None else task.timeout_seconds


def main_limit(deps: Deps, run: Run) -> timedelta | None:
    seconds = main_limit_seconds(deps, _task(deps, run))
    return None if seconds is None else timedelta(seconds=seconds)


def start_lasted(deps: Deps, run: Run) -> timedelta:
    """Since this claim; one that was put back and claimed again has its whole time once more."""
    return deps.stopwatch.seen(START, (run.id, run.lease))


def delay_lasted(deps: Deps, run: Run) -> timedelta:
    """Since its start was put off for the first time."""
    return deps.stopwatch.seen(DELAY, run.id)


def main_lasted(deps: Deps, run: Run) -> timedelta:
    return deps.stopwatch.seen(MAIN, run.id)


def _task(deps: Deps, run: Run) -> Task | None:
    if run.task_id is None:
        return None
    with deps.database.read() as session:
        return tasks.get(session, run.task_id)


def _own(task: Task | None, name: str, default: int) -> int:
    own: int | None = getattr(task, name) if task is not None else None
    return default if own is None else own
