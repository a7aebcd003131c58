"""Calls of the runner inside a container; the run is known from its token."""

import base64
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, BeforeValidator, Field

from macropod_server.api.access import CallingRun, DepsOfRuns, LivingRun, Now
from macropod_server.api.downloads import attachment
from macropod_server.api.runner_news import await_news
from macropod_server.db.tables import Environment
from macropod_server.domain.environment import EnvironmentArchive
from macropod_server.domain.run import Reason
from macropod_server.domain.run_error import RunError, read_error
from macropod_server.domain.texts import cleaned
from macropod_server.flows.finish_run import Ending
from macropod_server.flows.hand_bundle import ending_what_cannot_run, open_bundle
from macropod_server.flows.hand_spec import Asking, Spec, hand_spec
from macropod_server.flows.package_orchestration import Lock, Turn, agree_on_lock
from macropod_server.flows.receive_end import receive_end
from macropod_server.flows.store_lines import store_lines

router = APIRouter(prefix="/v1/runner", tags=["runner"], include_in_schema=False)

_LOCK_MAX_CHARACTERS = 16 * 1024**2
_LONGEST_BEAT_SECONDS = 10.0


Message = Annotated[str, BeforeValidator(lambda text: cleaned(text) if isinstance(text, str) else text)]
"""Made storable rather than refused: the end of a run must not depend on what its program said last."""


class LockIn(BaseModel):
    digest: str = Field(pattern="^[0-9a-f]{64}$")
    lock: str = Field(max_length=_LOCK_MAX_CHARACTERS)
    python: str = Field(max_length=100)
    platform: str = Field(max_length=200)
    warnings: list[Message] = Field(default=[], max_length=1000)


class EndIn(BaseModel):
    reason: Reason
    message: Message | None = None
    exit_code: int | None = Field(default=None, ge=-(2**31), lt=2**31)
    signal: str | None = Field(default=None, max_length=40)
    error: Annotated[RunError | None, BeforeValidator(read_error)] = None
    peak_memory_bytes: int | None = Field(default=None, ge=0, lt=2**63)
    cpu_seconds: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    lines: int = Field(default=0, ge=0)


@router.get("/spec")
def spec(
    request: Request,
    run: LivingRun,
    deps: DepsOfRuns,
    now: Now,
    macropod_runner: Annotated[str | None, Header(max_length=100, description="the runner's version")] = None,
    macropod_runner_nonce: Annotated[str | None, Header(max_length=100, description="chosen by the runner")] = None,
) -> dict[str, Any]:
    wanted = hand_spec(deps, run.id, now=now, runner=Asking(macropod_runner, macropod_runner_nonce))
    return {
        "run_id": run.id,
        "task_id": run.task_id,
        "orchestration_id": run.orchestration_id,
        "kind": run.kind,
        "entry_point": wanted.entry_point,
        "requirements": wanted.requirements,
        "arguments": wanted.arguments,
        "timeout_seconds": wanted.timeout_seconds,
        "silence_timeout_seconds": wanted.silence_timeout_seconds,
        "grace_seconds": wanted.grace_seconds,
        "debug": wanted.debug,
        "traceparent": wanted.traceparent,
        "due_at": run.due_at,
        "attempt": run.attempt,
        "url": str(request.base_url).rstrip("/"),
        "next_line": wanted.next_line,
        **_told_secrets(wanted),
        "spool_max_bytes": deps.settings.spool_max_bytes,
        "memory_bytes": wanted.memory_bytes,
        "environment_variables": wanted.packages.variables,
        "certificates": wanted.packages.certificates,
        "notes": wanted.packages.notes,
        "lock": _told_lock(wanted.lock),
        "bundle": base64.b64encode(wanted.bundle).decode() if wanted.bundle is not None else None,
        "environment": _told_archive(wanted.environment),
        "sends_environment": wanted.sends_environment,
        "bundle_sha256": wanted.bundle_sha256,
        "bundle_url": wanted.bundle_url,
        "wallaroo": asdict(wanted.wallaroo) if wanted.wallaroo else None,
    }


def _told_secrets(wanted: Spec) -> dict[str, Any]:
    return {
        "masked": wanted.masked,
        "secrets_given": wanted.run.secrets_given,
        "secrets": wanted.secrets.variables,
        "secret_files": wanted.secrets.files,
    }


def _told_archive(archive: EnvironmentArchive | None) -> dict[str, Any] | None:
    return {"sha256": archive.sha256, "size": archive.size_bytes} if archive else None


def _told_lock(lock: Environment | None) -> dict[str, str] | None:
    return {"text": lock.lock, "python": lock.python, "platform": lock.platform} if lock else None


@router.get("/bundle")
def bundle(run: LivingRun, deps: DepsOfRuns, now: Now) -> Response:
    """A zip that proves damaged breaks off before its end, and its run has ended by then."""
    file, sha256 = open_bundle(deps, run, now=now)
    reading = ending_what_cannot_run(deps, run.id, now=now)
    return attachment(file, sha256, file_name="bundle.zip", reading=reading)


@router.post("/lines")
async def lines(
    request: Request, run: LivingRun, deps: DepsOfRuns, first: Annotated[int, Query(ge=1)]
) -> dict[str, int]:
    """Store a batch that begins with line `first`; the answer names the line expected next."""
    batch = await request.body()
    return {"expected": await run_in_threadpool(store_lines, deps, run, first=first, batch=batch)}


@router.post("/beat")
async def beat(
    run: LivingRun,
    deps: DepsOfRuns,
    wait: Annotated[float, Query(ge=0, le=_LONGEST_BEAT_SECONDS)] = 0,
    masked: Annotated[int | None, Query(ge=0, lt=2**31, description="what it was told of its secrets")] = None,
) -> dict[str, Any]:
    """Answers when the run is to stop or has more secrets, or after `wait` seconds."""
    return (await await_news(deps, run.id, seconds=wait, masked=masked)).told()


@router.post("/lock")
def lock(wanted: LockIn, run: LivingRun, deps: DepsOfRuns, now: Now) -> dict[str, Turn]:
    locked = Lock(wanted.digest, wanted.lock, wanted.python, wanted.platform, tuple(wanted.warnings))
    return {"action": agree_on_lock(deps, run, locked, now=now)}


@router.post("/end", status_code=204)
def end(told: EndIn, run: CallingRun, deps: DepsOfRuns, now: Now) -> None:
    """May be repeated; the first report counts."""
    facts = {name: value for name, value in told if name != "lines"}
    receive_end(deps, run.id, Ending(**facts), now=now)
