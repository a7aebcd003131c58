"""Run a scheduled task once now, beside its schedule and under its overlap policy."""

from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlmodel import Session

from macropod_server.db import idempotency, runs, tasks
from macropod_server.db.tables import Run, Task
from macropod_server.deps import Deps
from macropod_server.domain.errors import Conflict
from macropod_server.domain.naming import new_id, sha256_hex
from macropod_server.domain.overlap import Admission
from macropod_server.domain.run import Cause
from macropod_server.domain.task import TaskKind, TickOutcome
from macropod_server.flows.admit_run import Admissions, hold_task, tell

log = structlog.get_logger()

_INSTEAD = {
    TaskKind.RUN_ONCE: "it runs once. `macropod run rerun` runs the same again",
    TaskKind.RUN_CONTINUOUSLY: "it runs continuously, so it is started again by itself",
}


@dataclass(frozen=True)
class Ordered:
    """`is_new` is false for a run that was waiting already and stands for this one too."""

    run: Run
    is_new: bool


def run_now(
    deps: Deps,
    task_id: str,
    *,
    workspace_id: int,
    idempotency_key: str | None,
    requested_by: str | None,
    now: datetime,
) -> Ordered:
    fingerprint = sha256_hex(f"run task {task_id}")
    with deps.database.write() as session:
        if made := idempotency.made_before(session, workspace_id, idempotency_key, fingerprint=fingerprint):
            return Ordered(runs.get(session, made, workspace_id=workspace_id), is_new=True)
        task = hold_task(session, task_id, workspace_id=workspace_id)
        if task.kind in _INSTEAD:
            raise Conflict(f"Task {task.name!r} ({task.id}) cannot be run in between: {_INSTEAD[task.kind]}.")
        run = Run.of_task(task, id=new_id(), requested_by=requested_by, cause=Cause.ORDERED, now=now)
        admissions = Admissions(session, [task], most_queued=deps.settings.max_queued_per_task)
        ordered = _let_in(session, task, run, admissions.ask(task, run))
        asked, made = admissions.store(now=now), ordered.run.id
        idempotency.remember(session, workspace_id, idempotency_key, fingerprint=fingerprint, made_id=made, now=now)
    log.info("run_ordered", run_id=made, task_id=task_id, by=requested_by, is_new=ordered.is_new)
    tell(deps, asked)
    deps.signals.wake("start_run")
    return ordered


def _let_in(session: Session, task: Task, run: Run, admission: Admission) -> Ordered:
    """The run itself, or the waiting one that stands for it. Raises `Conflict` when there is neither."""
    if admission.is_granted:
        tasks.note_wanted(session, task, run, now=run.created_at)
        return Ordered(run, is_new=True)
    if admission.outcome is TickOutcome.MERGED and admission.other:
        return Ordered(runs.get(session, admission.other), is_new=False)
    raise Conflict(f"Task {task.name!r} ({task.id}) is not run now: {admission.reason}")
