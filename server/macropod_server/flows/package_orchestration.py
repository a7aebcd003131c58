"""Packaging: agree on who builds a locked environment, and settle what waits for it."""

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel import Session

from macropod_server.db import orchestrations, runs, tasks
from macropod_server.db.tables import Environment, Orchestration, Run, Task
from macropod_server.deps import Deps
from macropod_server.domain.errors import Conflict
from macropod_server.domain.naming import sha256_hex
from macropod_server.domain.run import Reason, RunKind, RunStatus
from macropod_server.domain.task import EnvironmentStatus, OrchestrationStatus, TaskKind, TaskStatus
from macropod_server.flows.find_environment import is_out_of_reach
from macropod_server.flows.rebuild_environment import rebuild_again


@dataclass(frozen=True)
class Lock:
    """Requirements with every version and hash fixed, for one Python on one platform.

    `basis` is the runner's digest of all an environment depends on, also the paths of its Python and SDK.
    """

    basis: str
    text: str
    python: str
    platform: str
    warnings: tuple[str, ...] = ()

    def digest(self, workspace_id: int) -> str:
        """The name of the environment, reckoned here: a run tells lies to its own workspace only."""
        return sha256_hex(json.dumps([workspace_id, self.text, self.python, self.platform, self.basis]))


class Turn(StrEnum):
    """What a packaging run does about the environment of its lock."""

    BUILD = "build"
    SHARE = "share"
    WAIT = "wait"


def agree_on_lock(deps: Deps, run: Run, lock: Lock, *, now: datetime) -> Turn:
    """One run builds an environment; the others wait for it, and take over when that run failed.

    Raises `Conflict` for any run but the one that packages its orchestration now.
    """
    digest = lock.digest(run.workspace_id)
    with deps.database.write() as session:
        held, _ = tasks.hold_run(session, run.id)
        orchestration = orchestrations.get(session, run.orchestration_id, locked=True)
        _check_packages(held, orchestration)
        environment = orchestrations.hold_environment(session, digest)
        is_elsewhere = environment is not None and is_out_of_reach(deps, environment)
        turn = _turn(session, environment, run, is_elsewhere=is_elsewhere)
        if turn is Turn.BUILD:
            session.add(_claimed(environment or _begun(lock, digest, run, now=now), run, deps.spawner.name))
            session.flush()
        if turn is not Turn.WAIT:
            orchestration.environment = digest
            orchestration.warnings = sorted({*orchestration.warnings, *lock.warnings})
            session.add(orchestration)
    return turn


def _check_packages(run: Run, orchestration: Orchestration) -> None:
    """What a run of a task may do to its workspace ends here: no orchestration gets other packages than its own."""
    if run.kind is not RunKind.PACKAGING or orchestration.packaging_run_id != run.id:
        raise Conflict(f"Run {run.id} does not package orchestration {orchestration.id}, so its lock is not taken.")
    if run.status is not RunStatus.RUNNING:
        raise Conflict(f"Run {run.id} is {run.status.value}; a lock is taken only while it runs.")


def _turn(session: Session, environment: Environment | None, run: Run, *, is_elsewhere: bool) -> Turn:
    if environment is None or environment.name == run.id:
        return Turn.BUILD
    if environment.status is EnvironmentStatus.READY and not is_elsewhere:
        return Turn.SHARE
    return Turn.BUILD if runs.has_ended(session, environment.name) else Turn.WAIT


def _claimed(environment: Environment, run: Run, spawner: str) -> Environment:
    environment.spawner = spawner
    if environment.name != run.id:
        environment.name, environment.status = run.id, EnvironmentStatus.BUILDING
        environment.archive_sha256 = environment.archive_bytes = None
    return environment


def _begun(lock: Lock, digest: str, run: Run, *, now: datetime) -> Environment:
    return Environment(
        digest=digest,
        name=run.id,
        status=EnvironmentStatus.BUILDING,
        lock=lock.text,
        python=lock.python,
        platform=lock.platform,
        created_at=now,
    )


def settle_packaging(session: Session, run: Run, *, now: datetime) -> None:
    """After a packaging run has ended: its orchestration is ready, or in error with all that waited for it."""
    orchestration = orchestrations.get(session, run.orchestration_id, locked=True)
    built = orchestrations.environment_built_by(session, run.id)
    orchestration.updated_at = now
    session.add(orchestration)
    if built is not None:
        _settle_environment(built, is_whole=run.status is RunStatus.SUCCESS)
    if run.status is RunStatus.SUCCESS:
        orchestration.status = OrchestrationStatus.READY
    elif not rebuild_again(session, orchestration, run, now=now):
        orchestration.environment = None
        told = f"The requirements could not be installed: {run.message}"
        give_up(session, orchestration, run.message, Wait(Reason.PACKAGING_FAILED, told), now=now)
        return
    for task in tasks.waiting_for(session, orchestration.id):
        _begin(session, task, orchestration, now=now)


def _settle_environment(built: Environment, *, is_whole: bool) -> None:
    if is_whole:
        built.status = EnvironmentStatus.READY
    elif built.status is EnvironmentStatus.BUILDING:
        built.archive_sha256 = built.archive_bytes = None


@dataclass(frozen=True)
class Wait:
    """How runs end that waited in vain."""

    reason: Reason
    message: str


def give_up(
    session: Session, orchestration: Orchestration, message: str | None, waited: Wait, *, now: datetime
) -> None:
    """It is in error: its tasks have failed, with all their runs that did not start."""
    orchestration.status, orchestration.message, orchestration.updated_at = OrchestrationStatus.ERROR, message, now
    session.add(orchestration)
    for task in tasks.active_of(session, orchestration.id, locked=True):
        waiting = [run for run in runs.hold_unfinished(session, task.id) if run.status is RunStatus.QUEUED]
        tasks.end_queued(session, task, waiting, waited.reason, now=now, message=waited.message)
        if task.status is not TaskStatus.PENDING_KILL:
            task.status, task.active, task.next_due_at = TaskStatus.FAILED, False, None
        task.updated_at = now
        session.add(task)


def _begin(session: Session, task: Task, orchestration: Orchestration, *, now: datetime) -> None:
    if orchestration.status is not OrchestrationStatus.READY:
        return
    if task.kind is TaskKind.RUN_SCHEDULED and task.status is TaskStatus.PENDING:
        task.status = TaskStatus.STARTED
    task.updated_at = now
    session.add(task)
