"""Calls of the runner inside a container; the run is known from its token."""

import base64
import time
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, BeforeValidator, Field

from macropod_server.api.access import CallingRun, DepsOfRuns, LivingRun, Now, RunToken, get_calling_run, living
from macropod_server.api.downloads import attachment
from macropod_server.db import runs
from macropod_server.db.tables import Environment
from macropod_server.deps import Deps
from macropod_server.domain.environment import EnvironmentArchive
from macropod_server.domain.errors import Unauthorized
from macropod_server.domain.run import Reason, is_final
from macropod_server.domain.run_error import RunError, read_error
from macropod_server.domain.texts import cleaned
from macropod_server.flows.finish_run import Ending
from macropod_server.flows.hand_bundle import ending_what_cannot_run, open_bundle
from macropod_server.flows.hand_spec import Asking, hand_spec
from macropod_server.flows.package_orchestration import Lock, Turn, agree_on_lock
from macropod_server.flows.receive_end import receive_end
from macropod_server.flows.store_lines import store_lines

router = APIRouter(prefix="/v1/runner", tags=["runner"], include_in_schema=False)

_LOCK_MAX_CHARACTERS = 16 * 1024**2
_LONGEST_BEAT_SECONDS = 10.0
_LOOK_SECONDS = 2.0


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
        "masked": wanted.masked,
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
    request: Request, deps: DepsOfRuns, token: RunToken, now: Now, first: Annotated[int, Query(ge=1)]
) -> dict[str, int]:
    """Store a batch that begins with line `first`; the answer names the line expected next."""
    batch = await request.body()

    def store() -> int:
        """In one thread from the token to the disk: this is the call that comes most often."""
        return store_lines(deps, living(get_calling_run(deps, token, now)), first=first, batch=batch)

    return {"expected": await run_in_threadpool(store)}


@router.post("/beat")
async def beat(
    run: LivingRun, deps: DepsOfRuns, wait: Annotated[float, Query(ge=0, le=_LONGEST_BEAT_SECONDS)] = 0
) -> dict[str, Literal["kill"] | None]:
    """Answers when the run is to stop, or after `wait` seconds."""
    until = time.monotonic() + wait
    with deps.signals.bell(run.id) as bell:
        while True:
            is_stopped = await run_in_threadpool(_is_stopped, deps, run.id)
            left = until - time.monotonic()
            if is_stopped or left <= 0 or deps.signals.is_closing:
                return {"stop": "kill" if is_stopped else None}
            await bell.wait(min(left, _LOOK_SECONDS))


def _is_stopped(deps: Deps, run_id: str) -> bool:
    with deps.database.read() as session:
        run = runs.get(session, run_id)
    if is_final(run.status):
        raise Unauthorized(f"Run {run_id} has ended as {run.status.value}.")
    if run.stop_requested_at is None:
        return False
    if run.contact_at is None or run.contact_at <= run.stop_requested_at:
        with deps.database.write() as session:
            runs.note(session, run_id, contact_at=deps.clock())  # It hears of the stop now.
    return True


@router.post("/lock")
def lock(wanted: LockIn, run: LivingRun, deps: DepsOfRuns, now: Now) -> dict[str, Turn]:
    locked = Lock(wanted.digest, wanted.lock, wanted.python, wanted.platform, tuple(wanted.warnings))
    return {"action": agree_on_lock(deps, run, locked, now=now)}


@router.post("/end", status_code=204)
def end(told: EndIn, run: CallingRun, deps: DepsOfRuns, now: Now) -> None:
    """May be repeated; the first report counts."""
    facts = {name: value for name, value in told if name != "lines"}
    receive_end(deps, run.id, Ending(**facts), now=now)
