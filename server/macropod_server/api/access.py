"""Who calls, where, and what they may do there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlmodel import Session
from starlette.types import Scope as Head

from macropod_server.api.acts import note_caller
from macropod_server.db import access, accounts, runs, workspaces
from macropod_server.db.tables import Run
from macropod_server.db.workspaces import no_workspace
from macropod_server.deps import Deps
from macropod_server.domain.acts import note_workspace
from macropod_server.domain.errors import Forbidden, MacropodError, Unauthorized
from macropod_server.domain.identity import Identity
from macropod_server.domain.naming import run_of_token
from macropod_server.domain.roles import Role, Scope
from macropod_server.domain.run import is_final
from macropod_server.flows.identify import identify, run_known_by

_AFTER_THE_END = timedelta(seconds=60)
"""How long a runner may still repeat the report of an end whose answer it did not get."""

_CONTACT_NOTED_EVERY = timedelta(seconds=3)

_bearer = HTTPBearer(
    auto_error=False,
    description="A user's, as `macropod token create` makes one, the access token of a session, or a run's own.",
)


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


def carried_token(scope: Head) -> str:
    """The token in the head of a request that no route has seen yet; empty without one."""
    value = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
    scheme, _, token = value.decode("latin-1").partition(" ")
    return token if scheme.lower() == "bearer" else ""


TokenDep = Annotated[str, Depends(get_token)]


def get_identity(request: Request, deps: DepsDep, token: TokenDep, now: Now) -> Identity:
    identity = identify(deps, token, now=now)
    note_caller(request, identity, now=now)
    return identity


IdentityDep = Annotated[Identity, Depends(get_identity)]


@dataclass(frozen=True)
class Caller:
    """Who calls, in which workspace, and what they are there."""

    identity: Identity
    workspace_id: int
    role: Role

    @property
    def name(self) -> str:
        return self.identity.name

    @property
    def user_id(self) -> str:
        return self.identity.user_id

    @property
    def run_id(self) -> str | None:
        return self.identity.run_id


def get_caller(
    request: Request,
    deps: DepsDep,
    identity: IdentityDep,
    macropod_workspace: Annotated[
        str | None, Header(max_length=300, description="name or id of the workspace; else that of the token")
    ] = None,
) -> Caller:
    """In the workspace of the object that the path names, else in the one the call names, else in its own."""
    caller = _caller(deps, identity, request.path_params, macropod_workspace)
    note_workspace(caller.workspace_id)
    return caller


def _caller(deps: Deps, identity: Identity, parameters: Mapping[str, Any], named: str | None) -> Caller:
    with deps.database.read() as session:
        if (home := access.home_of(session, parameters)) is not None:
            return caller_in(session, identity, home, otherwise=access.no_object(parameters))
        if named:
            workspace_id = accounts.workspace_named(session, named)
            return caller_in(session, identity, workspace_id, otherwise=no_workspace(named))
        return caller_in(session, identity, identity.workspace_id, otherwise=_nowhere())


def caller_in(session: Session, identity: Identity, workspace_id: int | None, *, otherwise: MacropodError) -> Caller:
    """Raises `otherwise` where it has no business there."""
    role = accounts.role_of(session, identity, workspace_id)
    if workspace_id is None or role is None:
        raise otherwise
    return Caller(identity, workspace_id, role)


def _nowhere() -> Forbidden:
    return Forbidden(
        "This token has no workspace any more. Name another with the header Macropod-Workspace, or make a new token."
    )


def check_role(caller: Caller, needed: Role) -> None:
    if not caller.role.may(needed):
        raise Forbidden(
            f"This takes the role {needed} or more in workspace {caller.workspace_id}; "
            f"with this token you are {caller.role} there."
        )


def check_change(deps: Deps, caller: Caller, needed: Role) -> None:
    """The role, and that the workspace is not archived."""
    check_role(caller, needed)
    with deps.database.read() as session:
        workspaces.check_is_open(workspaces.get(session, caller.workspace_id))


def check_removal(deps: Deps, caller: Caller, user_id: str | None) -> None:
    """Owners remove anybody, and anybody may leave: by a token that may do all they may, and not by a run."""
    who = caller.identity
    is_leaving = user_id == who.user_id and who.scope is Scope.ADMIN and who.run_id is None
    if not is_leaving:
        check_change(deps, caller, Role.OWNER)


def _at_least(needed: Role) -> Callable[[Caller], Caller]:
    def check(caller: Annotated[Caller, Depends(get_caller)]) -> Caller:
        check_role(caller, needed)
        return caller

    return check


def _changing(needed: Role) -> Callable[[Deps, Caller], Caller]:
    def check(deps: DepsDep, caller: Annotated[Caller, Depends(get_caller)]) -> Caller:
        check_change(deps, caller, needed)
        return caller

    return check


MayRead = Annotated[Caller, Depends(_at_least(Role.VIEWER))]
MayRun = Annotated[Caller, Depends(_changing(Role.RUNNER))]
MayEdit = Annotated[Caller, Depends(_changing(Role.EDITOR))]
MayOwn = Annotated[Caller, Depends(_changing(Role.OWNER))]
MayEnd = Annotated[Caller, Depends(_at_least(Role.RUNNER))]
"""As `MayRun`, in a workspace that is archived too: what still runs there can be killed."""
MayAudit = Annotated[Caller, Depends(_at_least(Role.OWNER))]
"""Owners read what was done, in a workspace that is archived too."""
MayReopen = Annotated[Caller, Depends(_at_least(Role.OWNER))]
"""As `MayOwn`, in a workspace that is archived too."""


def get_person(identity: IdentityDep) -> Identity:
    """Who signed in or sent a token of theirs, whatever its scope."""
    if identity.run_id is not None:
        raise Forbidden("The token of a run acts in its workspace; accounts and workspaces are for people.")
    return identity


def get_account_holder(person: Annotated[Identity, Depends(get_person)]) -> Identity:
    """Who may change what is theirs."""
    if person.scope is not Scope.ADMIN:
        raise Forbidden(f"This takes a token of the scope {Scope.ADMIN}; the scope of this one is {person.scope}.")
    return person


def get_unbound_holder(person: Annotated[Identity, Depends(get_account_holder)]) -> Identity:
    if person.is_bound:
        raise Forbidden(f"This token is for workspace {person.workspace_id} only; this takes one for all of them.")
    return person


def get_admin(person: Annotated[Identity, Depends(get_unbound_holder)]) -> Identity:
    if not person.is_admin:
        raise Forbidden(f"This is for admins of this server; {person.email} is none.")
    return person


def check_admin(identity: Identity) -> None:
    """Raises `Forbidden` for whoever may not manage accounts."""
    get_admin(get_unbound_holder(get_account_holder(get_person(identity))))


Person = Annotated[Identity, Depends(get_person)]
AccountHolder = Annotated[Identity, Depends(get_account_holder)]
UnboundHolder = Annotated[Identity, Depends(get_unbound_holder)]
MayAdminister = Annotated[Identity, Depends(get_admin)]


async def get_run_token(deps: DepsOfRuns, token: TokenDep) -> str:
    """Seen without a look at the database, before anything else of the call is read."""
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
    with deps.database.read() as session:
        return run_known_by(session, token, key=deps.run_key)
