"""Hand the runner what it is to do. Asking for it is the proof that the container runs."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import col

from macropod_server.db import orchestrations, runs, tasks
from macropod_server.db.tables import Environment, Orchestration, Run, Task
from macropod_server.deps import Deps
from macropod_server.domain.envelope import CannotOpen
from macropod_server.domain.environment import EnvironmentArchive
from macropod_server.domain.errors import Conflict
from macropod_server.domain.masking import forms
from macropod_server.domain.package_index import Handed, handed
from macropod_server.domain.run import ACTIVE, Reason, RunKind, RunStatus
from macropod_server.flows.allot_resources import watched_memory
from macropod_server.flows.find_environment import archive_of
from macropod_server.flows.finish_run import Ending, finish_run
from macropod_server.flows.give_secrets import SecretGone, Secrets, give_secrets
from macropod_server.flows.owner_of import Owner, owner_of
from macropod_server.flows.sealing import once_more_if_changed
from macropod_server.flows.time_limits import grace_seconds, main_limit_seconds
from macropod_server.storage.base import BlobDamaged, BlobNotFound

_SMALL_BYTES = 256 * 1024
_DIRECT_SECONDS = 15 * 60


@dataclass(frozen=True)
class Spec:
    """One run as the runner needs to know it; see `docs/run-lifecycle.md`."""

    run: Run
    entry_point: str
    requirements: str | None
    arguments: dict[str, Any]
    timeout_seconds: int | None
    silence_timeout_seconds: int | None
    grace_seconds: int
    debug: bool
    traceparent: str | None
    next_line: int
    masked: list[str]
    """Texts the runner leaves out of its container's own output."""
    secrets: Secrets
    memory_bytes: int | None
    packages: Handed
    lock: Environment | None
    """Packaging: what was installed before and is to be installed again just so."""
    bundle: bytes | None
    bundle_sha256: str
    bundle_url: str | None
    """Where the runner may fetch the zip from the store itself."""
    environment: EnvironmentArchive | None
    """What a run unpacks before it begins, where the spawner does not keep environments."""
    sends_environment: bool
    """Packaging: whether what it builds is to be sent here."""
    wallaroo: Owner | None
    """As whom the package `wallaroo` logs in; None where it is not served, and for packaging."""


@dataclass(frozen=True)
class Asking:
    """The runner that asks. `nonce` is its own, the same whenever it asks; earlier runners send none."""

    version: str | None = None
    nonce: str | None = None


def hand_spec(deps: Deps, run_id: str, *, now: datetime, runner: Asking | None = None) -> Spec:
    """May be repeated by its runner. Raises `Conflict` for another one, and when the run must not begin any more."""
    try:
        return once_more_if_changed(lambda: _hand_spec(deps, run_id, now=now, runner=runner or Asking()))
    except (SecretGone, CannotOpen) as error:
        finish_run(deps, run_id, Ending(Reason.COULD_NOT_START, error.message), now=now)
        raise Conflict(f"Run {run_id} is not to be started: {error.message}") from error


def _hand_spec(deps: Deps, run_id: str, *, now: datetime, runner: Asking) -> Spec:
    with deps.database.write() as session:
        run, task = tasks.hold_run(session, run_id)
        _check_is_its_runner(run, runner)
        stopped = run.stop_requested_at is not None
        if run.status is RunStatus.QUEUED:
            # It was put back because the spawner did not answer, and its container was started all the same.
            runs.advance(session, run, RunStatus.STARTING, now=now, claimed_at=now, message=None)
        may_begin = run.status in ACTIVE and not stopped
        secrets = give_secrets(deps, session, run, task, now=now) if may_begin else Secrets()
        if run.status is RunStatus.STARTING and not stopped:
            facts: dict[str, Any] = {"started_at": now, "contact_at": now}
            facts |= {"runner_version": runner.version, "runner_nonce": runner.nonce}
            facts |= {"secrets_hidden": col(Run.secrets_given)}  # It is told of them with this answer.
            runs.advance(session, run, RunStatus.RUNNING, now=now, **facts)
            tasks.note_run(session, run, task, now=now)
        orchestration = orchestrations.get(session, run.orchestration_id)
    if stopped:
        finish_run(deps, run_id, Ending(Reason.KILL_REQUESTED, "The run was stopped before main.py began."), now=now)
    if run.status is not RunStatus.RUNNING or stopped:
        raise Conflict(f"Run {run_id} is {run.status.value}; it is not to be started.")
    deps.signals.ring(run_id)
    return _spec(deps, run, task, orchestration, secrets)


def _check_is_its_runner(run: Run, runner: Asking) -> None:
    """A container that was started twice, by hand or by a server that does not see the first, runs main.py once."""
    is_another = None not in (run.runner_nonce, runner.nonce) and run.runner_nonce != runner.nonce
    if run.status is RunStatus.RUNNING and is_another:
        raise Conflict(f"Run {run.id} was begun by another runner, so this one has nothing to do.")


def _spec(deps: Deps, run: Run, task: Task | None, orchestration: Orchestration, secrets: Secrets) -> Spec:
    is_packaging = run.kind is RunKind.PACKAGING
    bundle = _small_bundle(deps, orchestration)
    return Spec(
        run=run,
        entry_point=orchestration.entry_point,
        requirements=orchestration.requirements,
        arguments=task.json_args if task else {},
        timeout_seconds=main_limit_seconds(deps, task),
        silence_timeout_seconds=task.silence_timeout_seconds if task else None,
        grace_seconds=grace_seconds(deps, task),
        debug=task is not None and task.debug,
        traceparent=deps.tracing.traceparent(run.id),
        next_line=deps.logs.expected(run.id),
        masked=forms(deps.secrets_of(run)),
        secrets=secrets,
        memory_bytes=watched_memory(deps, task),
        packages=_packages(deps) if is_packaging else Handed({}),
        lock=_lock(deps, orchestration) if is_packaging else None,
        bundle=bundle,
        bundle_sha256=orchestration.sha256,
        bundle_url=deps.storage.address(orchestration.sha256, seconds=_DIRECT_SECONDS) if bundle is None else None,
        environment=None if is_packaging else _archive(deps, orchestration),
        sends_environment=is_packaging and not deps.spawner.keeps_environments,
        wallaroo=owner_of(deps, run) if deps.settings.serves_wallaroo and not is_packaging else None,
    )


def _small_bundle(deps: Deps, orchestration: Orchestration) -> bytes | None:
    """A small zip comes with the spec and saves the runner a call before main.py begins."""
    if orchestration.size_bytes > _SMALL_BYTES:
        return None
    try:
        with deps.storage.open(orchestration.sha256) as file:
            return file.read()
    except (BlobNotFound, BlobDamaged):
        return None  # The runner asks for it, and `hand_bundle` says what is wrong if it still is.


def _archive(deps: Deps, orchestration: Orchestration) -> EnvironmentArchive | None:
    if deps.spawner.keeps_environments:
        return None
    environment = _lock(deps, orchestration)
    return archive_of(deps, environment) if environment else None


def _lock(deps: Deps, orchestration: Orchestration) -> Environment | None:
    if orchestration.environment is None:
        return None
    with deps.database.read() as session:
        return orchestrations.environment(session, orchestration.environment)


def _packages(deps: Deps) -> Handed:
    return handed(deps.settings.package_index, sees_files=deps.spawner.sees_files_of_server)
