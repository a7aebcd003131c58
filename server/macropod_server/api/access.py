"""Who calls: a person or program with a token of a workspace, or a run with its own."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.types import Scope

from macropod_server.db import access, runs
from macropod_server.db.tables import Run
from macropod_server.deps import Deps
from macropod_server.domain.errors import Forbidden, NotFound, Unauthorized
from macropod_server.domain.naming import run_of_token
from macropod_server.domain.run import is_final

_AFTER_THE_END = timedelta(seconds=60)
"""How long a runner may still repeat the report of an end whose answer it did not get."""

_CONTACT_NOTED_EVERY = timedelta(seconds=3)

_bearer = HTTPBearer(auto_error=False, description="A token made by `macropod-server token`, or a run's own.")


async def get_deps(request: Request) -> Deps:
    deps: Deps = request.app.state.deps
    return deps


async def get_deps_of_runs(request: Request) -> Deps:
    """With database connections that no calls of people can use up: what was started goes on to its end."""
    deps: Deps = request.app.state.deps_of_runs
    return deps


async def get_now(deps: Annotated[Deps, Depends(get_deps)]) -> datetime:
    return deps.clock()


DepsDep = Annotated[Deps, Depends(get_deps)]
DepsOfRuns = Annotated[Deps, Depends(get_deps_of_runs)]
Now = Annotated[datetime, Depends(get_now)]


async def get_token(bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> str:
    if bearer is None:
        raise no_token()
    return bearer.credentials


def no_token() -> Unauthorized:
    return Unauthorized(
        "This call needs a token: send `Authorization: Bearer <token>`. "
        "`macropod login` stores one; `macropod-server token` makes one."
    )


def carried_token(scope: Scope) -> str:
    """The token in the head of a request that no route has seen yet; empty without one."""
    value = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
    scheme, _, token = value.decode("latin-1").partition(" ")
    return token if scheme.lower() == "bearer" else ""


TokenDep = Annotated[str, Depends(get_token)]


@dataclass(frozen=True)
class Caller:
    """`name` is what the token is called, or which run calls."""

    workspace_id: int
    name: str
    run_id: str | None = None


def get_caller(deps: DepsDep, token: TokenDep) -> Caller:
    """A run may act in its workspace only while it lives."""
    with deps.database.read() as session:
        known = access.find_token(session, token)
    if known is not None:
        return Caller(known.workspace_id, known.name)
    run = _run_of(deps, token)
    if is_final(run.status):
        raise Unauthorized(f"The token of run {run.id} ended with the run.")
    return Caller(run.workspace_id, f"run {run.id}", run.id)


CallerDep = Annotated[Caller, Depends(get_caller)]


async def get_run_token(deps: DepsOfRuns, token: TokenDep) -> str:
    """One that was made for a run here, which may have ended."""
    if run_of_token(token, key=deps.run_key) is None:
        raise Forbidden("This call is for runners only; it takes the token of a run.")
    return token


RunToken = Annotated[str, Depends(get_run_token)]


def get_calling_run(deps: DepsOfRuns, token: RunToken, now: Now) -> Run:
    """The run whose runner calls; its contact is noted."""
    run = _run_of(deps, token)
    if run.ended_at is not None and now - run.ended_at > _AFTER_THE_END:
        raise Unauthorized(f"The token of run {run.id} ended with the run.")
    # A contact that lies ahead was noted before the clock was set back.
    if run.contact_at is None or abs(now - run.contact_at) > _CONTACT_NOTED_EVERY:
        with deps.database.write() as session:
            runs.note(session, run.id, contact_at=now)
    return run


CallingRun = Annotated[Run, Depends(get_calling_run)]


def living(run: Run) -> Run:
    """Raises `Unauthorized` for one that has ended."""
    if is_final(run.status):
        raise Unauthorized(f"Run {run.id} has ended as {run.status.value}; there is nothing more to do for it.")
    return run


async def get_living_run(run: CallingRun) -> Run:
    return living(run)


LivingRun = Annotated[Run, Depends(get_living_run)]


def _run_of(deps: Deps, token: str) -> Run:
    run_id = run_of_token(token, key=deps.run_key)
    try:
        if run_id is not None:
            with deps.database.read() as session:
                return runs.get(session, run_id)
    except NotFound:
        pass
    raise Unauthorized("This token is not known here. `macropod-server token` makes a new one.")
