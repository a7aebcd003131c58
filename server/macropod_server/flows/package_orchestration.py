"""Packaging: agree on who builds a locked environment, and settle what waits for it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel import Session

from macropod_server.db import orchestrations, runs, tasks
from macropod_server.db.tables import Environment, Orchestration, Run, Task
from macropod_server.deps import Deps
from macropod_server.domain.run import STATUS_OF, Reason, RunStatus, is_final
from macropod_server.domain.task import EnvironmentStatus, OrchestrationStatus, TaskStatus


@dataclass(frozen=True)
class Lock:
    """Requirements with every version and hash fixed, for one Python on one platform."""

    digest: str
    text: str
    python: str
    platform: str
    warnings: tuple[str, ...] = ()


class Turn(StrEnum):
    """What a packaging run does about the environment of its lock."""

    BUILD = "build"
    SHARE = "share"
    WAIT = "wait"


def agree_on_lock(deps: Deps, run: Run, lock: Lock, *, now: datetime) -> Turn:
    """One run builds an environment; the others wait for it, and take over when that run failed."""
    with deps.database.write() as session:
        orchestration = orchestrations.get(session, run.orchestration_id)
        environment = orchestrations.environment(session, lock.digest)
        turn = _turn(session, environment, run)
        if turn is Turn.BUILD:
            session.add(_claimed(environment, run, lock, now=now))
            session.flush()
        if turn is not Turn.WAIT:
            orchestration.environment = lock.digest
            orchestration.warnings = sorted({*orchestration.warnings, *lock.warnings})
            session.add(orchestration)
    return turn


def _turn(session: Session, environment: Environment | None, run: Run) -> Turn:
    if environment is None or environment.name == run.id:
        return Turn.BUILD
    if environment.status is EnvironmentStatus.READY:
        return Turn.SHARE
    return Turn.BUILD if is_final(runs.get(session, environment.name).status) else Turn.WAIT


def _claimed(environment: Environment | None, run: Run, lock: Lock, *, now: datetime) -> Environment:
    if environment is not None:
        environment.name = run.id
        return environment
    return Environment(
        digest=lock.digest,
        name=run.id,
        status=EnvironmentStatus.BUILDING,
        lock=lock.text,
        python=lock.python,
        platform=lock.platform,
        created_at=now,
    )


def settle_packaging(session: Session, run: Run, *, now: datetime) -> None:
    """After a packaging run has ended: its orchestration is ready, or in error with all that waited for it."""
    orchestration = orchestrations.get(session, run.orchestration_id)
    built = orchestrations.environment_built_by(session, run.id)
    orchestration.updated_at = now
    session.add(orchestration)
    if run.status is RunStatus.SUCCESS:
        orchestration.status = OrchestrationStatus.READY
        if built is not None:
            built.status = EnvironmentStatus.READY
    else:
        orchestration.status = OrchestrationStatus.ERROR
        orchestration.message = run.message
        orchestration.environment = None
    for task in tasks.waiting_for(session, orchestration.id):
        _settle_task(session, task, orchestration, now=now)


def _settle_task(session: Session, task: Task, orchestration: Orchestration, *, now: datetime) -> None:
    if orchestration.status is OrchestrationStatus.ERROR:
        _fail_waiting_runs(session, task, orchestration, now=now)
        task.status, task.active, task.next_due_at = TaskStatus.FAILED, False, None
    elif task.schedule is not None:
        task.status = TaskStatus.STARTED
    task.updated_at = now
    session.add(task)


def _fail_waiting_runs(session: Session, task: Task, orchestration: Orchestration, *, now: datetime) -> None:
    reason = Reason.PACKAGING_FAILED
    message = f"The requirements could not be installed: {orchestration.message}"
    for run in runs.unfinished(session, task_id=task.id):
        if runs.advance(session, run, STATUS_OF[reason], now=now, reason=reason, message=message):
            runs.note(session, run.id, removed_at=now)
            tasks.note_run(session, run, now=now)
