"""The workspaces of the caller: list, make, rename, archive."""

from fastapi import APIRouter

from macropod_server.api.access import DepsDep, MayRead, MayReopen, Now, Person, UnboundHolder
from macropod_server.api.account_schemas import WorkspaceChange, WorkspaceIn, WorkspaceList, WorkspaceStateOut
from macropod_server.db import accounts, workspaces
from macropod_server.domain.identity import Identity
from macropod_server.domain.roles import Role, within
from macropod_server.flows.change_workspace import archive_workspace, rename_workspace, reopen_workspace
from macropod_server.flows.create_workspace import create_workspace
from macropod_server.flows.set_default_flavor import set_default_flavor

router = APIRouter(prefix="/v1/workspaces", tags=["workspaces"])


@router.get("")
def list_workspaces(deps: DepsDep, person: Person) -> WorkspaceList:
    """Those the token reaches, by name."""
    with deps.database.read() as session:
        found = accounts.workspaces_of(session, person.user_id)
    items = [
        WorkspaceStateOut.of(workspace, within(role, person.scope))
        for workspace, role in found
        if _is_in_reach(person, workspace.id)
    ]
    return WorkspaceList(items=items)


@router.post("", status_code=201)
def create(wish: WorkspaceIn, deps: DepsDep, person: UnboundHolder, now: Now) -> WorkspaceStateOut:
    """You are its owner. Names are taken once on a server."""
    return WorkspaceStateOut.of(create_workspace(deps, wish.name, owner_id=person.user_id, now=now), Role.OWNER)


@router.get("/{workspace_id}")
def show(workspace_id: int, deps: DepsDep, caller: MayRead) -> WorkspaceStateOut:
    with deps.database.read() as session:
        return WorkspaceStateOut.of(workspaces.get(session, workspace_id), caller.role)


@router.patch("/{workspace_id}")
def change(workspace_id: int, wish: WorkspaceChange, deps: DepsDep, caller: MayReopen, now: Now) -> WorkspaceStateOut:
    """An archived one can be read only, and is paused; opened again it stays paused until it is resumed."""
    if wish.archived is False:
        reopen_workspace(deps, workspace_id, requested_by=caller.name)
    if wish.name is not None:
        rename_workspace(deps, workspace_id, wish.name)
    if wish.default_flavor is not None:
        set_default_flavor(deps, wish.default_flavor, workspace_id=workspace_id)
    if wish.archived:
        archive_workspace(deps, workspace_id, requested_by=caller.name, now=now)
    return show(workspace_id, deps, caller)


def _is_in_reach(person: Identity, workspace_id: int | None) -> bool:
    return not person.is_bound or person.workspace_id == workspace_id
