"""Record the end of a run, with all that follows from it, in one transaction."""

from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlmodel import Session

from macropod_server.db import runs, tasks
from macropod_server.db.tables import Run
from macropod_server.deps import Deps
from macropod_server.domain.run import STATUS_OF, Reason, RunKind, RunStatus, is_final
from macropod_server.flows.package_orchestration import settle_packaging

log = structlog.get_logger()


@dataclass(frozen=True)
class Ending:
    """How a run ended. `signal` is a name such as SIGKILL; memory is the peak of the largest process in bytes."""

    reason: Reason
    message: str | None = None
    exit_code: int | None = None
    signal: str | None = None
    peak_memory_bytes: int | None = None
    cpu_seconds: float | None = None


def finish_run(deps: Deps, run_id: str, ending: Ending, *, now: datetime, seen_as: RunStatus | None = None) -> bool:
    """False, and nothing changed, when the end was recorded before, or the run is not any more as it was seen."""
    with deps.database.write() as session:
        run, task = tasks.hold_run(session, run_id)
        has_moved = seen_as not in (None, run.status)
        if is_final(run.status) or has_moved or not _record(session, run, ending, now=now):
            return False
        if run.kind is RunKind.PACKAGING:
            settle_packaging(session, run, now=now)
        tasks.note_run(session, run, task, now=now)
    log.info("run_ended", run_id=run.id, task_id=run.task_id, status=run.status.value, reason=ending.reason.value)
    deps.signals.ring(run_id)
    deps.signals.wake("clean_up", "start_run")
    return True


def _record(session: Session, run: Run, ending: Ending, *, now: datetime) -> bool:
    return runs.advance(
        session,
        run,
        STATUS_OF[ending.reason],
        now=now,
        reason=ending.reason,
        message=ending.message,
        exit_code=ending.exit_code,
        signal=ending.signal,
        peak_memory_bytes=ending.peak_memory_bytes,
        cpu_seconds=ending.cpu_seconds,
    )
