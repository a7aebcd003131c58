"""Run once more what a run has run: the same bundle, lock, arguments and resources, as far as they are still there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlmodel import Session

from macropod_server.db import given, idempotency, orchestrations, runs, secrets, tasks
from macropod_server.db.tables import Environment, Orchestration, Run, Task
from macropod_server.deps import Deps
from macropod_server.domain.errors import Conflict
from macropod_server.domain.flavor import Flavor
from macropod_server.domain.naming import new_id, sha256_hex
from macropod_server.domain.run import Cause, is_final
from macropod_server.domain.task import EnvironmentStatus, TaskKind
from macropod_server.flows.admit_run import Admissions, hold_task, tell
from macropod_server.spawners.base import SpawnerUnavailable

log = structlog.get_logger()


@dataclass(frozen=True)
class Rerun:
    """`differences` are sentences: what could not be the same."""

    run: Run
    differences: list[str]


@dataclass(frozen=True)
class _Place:
    """Where runs run now."""

    spawner: str
    images: Mapping[Flavor, str | None]


def rerun(
    deps: Deps,
    run_id: str,
    *,
    workspace_id: int,
    idempotency_key: str | None,
    requested_by: str | None,
    now: datetime,
) -> Rerun:
    """Where runs of the task must not overlap it waits for all before it. Raises `Conflict` when it cannot be run."""
    now_there = _Place(deps.spawner.name, {flavor: _image(deps, flavor) for flavor in Flavor})
    fingerprint = sha256_hex(f"rerun {run_id}")
    with deps.database.write() as session:
        first = runs.get(session, run_id, workspace_id=workspace_id)
        orchestration = orchestrations.get(session, first.orchestration_id)
        if made := idempotency.made_before(session, workspace_id, idempotency_key, fingerprint=fingerprint):
            again = runs.get(session, made, workspace_id=workspace_id)
            return Rerun(again, [*_differences(session, first, orchestration, now_there)])
        task = _task_to_run(session, first, orchestration)
        differences = [*_differences(session, first, orchestration, now_there)]
        again = Run.of_task(
            task,
            id=new_id(),
            cause=Cause.RERUN,
            rerun_of=first.id,
            due_at=first.due_at,
            requested_by=requested_by,
            now=now,
        )
        asked = _store(deps, session, task, again, now=now)
        idempotency.remember(session, workspace_id, idempotency_key, fingerprint=fingerprint, made_id=again.id, now=now)
    log.info("run_rerun", run_id=again.id, rerun_of=first.id, by=requested_by)
    tell(deps, asked)
    deps.signals.wake("start_run")
    return Rerun(again, differences)


def _task_to_run(session: Session, run: Run, orchestration: Orchestration) -> Task:
    if run.task_id is None:
        raise Conflict(f"Run {run.id} installs requirements; upload the same bytes again and it is done once more.")
    if not is_final(run.status):
        raise Conflict(f"Run {run.id} is {run.status.value}. Wait for its end, or kill it, then run it again.")
    if orchestration.deleted_at is not None:
        raise Conflict(
            f"The bundle of run {run.id} was deleted with its orchestration {orchestration.id}. "
            "Upload it again and make a new task."
        )
    task = hold_task(session, run.task_id, workspace_id=run.workspace_id)
    if task.kind is TaskKind.RUN_CONTINUOUSLY:
        raise Conflict(f"Task {task.name!r} ({task.id}) runs continuously: one run at a time, and again by itself.")
    return task


def _store(deps: Deps, session: Session, task: Task, run: Run, *, now: datetime) -> list[str]:
    admissions = Admissions(session, [task], most_queued=deps.settings.max_queued_per_task)
    admission = admissions.ask(task, run, queueing=True)
    if not admission.is_granted:
        raise Conflict(f"Run {run.rerun_of} is not run again: {admission.reason}")
    tasks.note_wanted(session, task, run, now=now)
    return [*admissions.store(now=now)]


def _image(deps: Deps, flavor: Flavor) -> str | None:
    """None also while the spawner is away: the run waits for it, and nobody knows what it will find."""
    try:
        return deps.spawner.image(flavor)
    except SpawnerUnavailable:
        return None


def _differences(session: Session, run: Run, orchestration: Orchestration, place: _Place) -> Iterator[str]:
    environment = orchestrations.environment(session, orchestration.environment) if orchestration.environment else None
    if run.environment is not None and run.environment != orchestration.environment:
        yield f"The packages are not the same: they were locked anew ({run.environment[:12]} before)."
    elif environment is not None and environment.status is not EnvironmentStatus.READY:
        yield "The packages are gone; they are installed again first, from the same lock."
    elif environment is not None and _is_newer(session, environment, run):
        yield "The packages were installed anew since, from the same lock."
    yield from _changed_secrets(session, run)
    if run.spawner not in (None, place.spawner):
        yield f"It ran with the spawner {run.spawner}, and runs with {place.spawner} now."
    elif run.image and (image := place.images[orchestration.flavor]) and run.image != image:
        yield f"The image is another one: {image}, before {run.image}."


def _is_newer(session: Session, environment: Environment, run: Run) -> bool:
    """Environments have the name of the run that built them. The row of a run long past may be gone."""
    built = session.get(Run, environment.name)
    return built is not None and run.ended_at is not None and built.created_at > run.ended_at


def _changed_secrets(session: Session, run: Run) -> Iterator[str]:
    """It gets the newest of each."""
    before = given.versions(session, run.id)
    now = secrets.newest(session, run.workspace_id, before)
    for name, version in before.items():
        if name not in now:
            yield f"The secret {name!r} (version {version} before) is not there any more; the run will not begin."
        elif now[name].version.number != version:
            yield f"The secret {name!r} has version {now[name].version.number} now, {version} before."
