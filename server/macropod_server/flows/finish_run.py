"""Record the end of a run, with all that follows from it, in one transaction."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog
from sqlmodel import Session

from macropod_server.db import runs, tasks
from macropod_server.db.tables import Run, Task
from macropod_server.deps import Deps
from macropod_server.domain.run import STATUS_OF, STOPPED, Reason, RunKind, is_final
from macropod_server.domain.run_error import RunError
from macropod_server.flows.continue_task import continue_task
from macropod_server.flows.package_orchestration import settle_packaging
from macropod_server.flows.receive_environment import NOT_SENT, lacks_archive
from macropod_server.flows.retry_run import retry_run

log = structlog.get_logger()


@dataclass(frozen=True)
class Ending:
    """How a run ended. `signal` is a name such as SIGKILL; memory is the peak of the largest process in bytes;
    `error` is what its last traceback told."""

    reason: Reason
    message: str | None = None
    exit_code: int | None = None
    signal: str | None = None
    peak_memory_bytes: int | None = None
    cpu_seconds: float | None = None
    error: RunError | None = None


def finish_run(deps: Deps, run_id: str, ending: Ending, *, now: datetime, seen: Run | None = None) -> bool:
    """False, and nothing changed, when the end was recorded before, or the run moved on since it was seen."""
    with deps.database.write() as session:
        run, task = tasks.hold_run(session, run_id)
        has_moved = seen is not None and not run.is_still(seen)
        if lacks_archive(deps, session, run, ending.reason):
            ending = replace(ending, reason=Reason.PACKAGING_FAILED, message=NOT_SENT)
        if is_final(run.status) or has_moved or not record_end(session, run, task, ending, now=now):
            return False
    tell_of_end(deps, run)
    return True


def record_end(session: Session, run: Run, task: Task | None, ending: Ending, *, now: datetime, **facts: Any) -> bool:
    """The end of a locked run and all that follows. Between an end and the next attempt nothing looks finished."""
    ending = _as_it_was_asked_for(run, ending)
    target = STATUS_OF[ending.reason]
    if not runs.advance(session, run, target, now=now, **vars(ending), **facts):
        return False
    following = retry_run(session, run, task, now=now) or continue_task(session, task, now=now)
    if run.kind is RunKind.PACKAGING and following is None:
        settle_packaging(session, run, now=now)
    tasks.note_run(session, run, task, following=following, now=now)
    return True


def tell_of_end(deps: Deps, run: Run) -> None:
    reason = run.reason.value if run.reason else None
    log.info("run_ended", run_id=run.id, task_id=run.task_id, status=run.status.value, reason=reason)
    deps.signals.ring(run.id)
    deps.signals.wake("clean_up", "start_run")


def _as_it_was_asked_for(run: Run, ending: Ending) -> Ending:
    """Runners know of stops, and not why they are asked for; and whoever removed the container may have ended since."""
    if ending.reason not in (Reason.KILL_REQUESTED, Reason.EVICTED, Reason.VANISHED) or run.stop_reason in (
        None,
        ending.reason,
    ):
        return ending
    return replace(ending, reason=run.stop_reason, message=STOPPED.get(run.stop_reason))
