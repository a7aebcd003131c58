"""Who belongs to a workspace, and as what."""

from fastapi import APIRouter

from macropod_server.api.access import DepsDep, MayOwn, MayRead, Now, check_removal
from macropod_server.api.account_schemas import MemberIn, MemberList, MemberOut, RoleIn
from macropod_server.db import accounts
from macropod_server.domain.errors import NotFound
from macropod_server.flows.change_members import add_member, remove_member, set_member

router = APIRouter(prefix="/v1/workspaces/{workspace_id}/members", tags=["members"])


@router.get("")
def list_members(workspace_id: int, deps: DepsDep, _caller: MayRead) -> MemberList:
    """By e-mail address."""
    with deps.database.read() as session:
        found = accounts.members(session, workspace_id)
    return MemberList(items=[MemberOut.of(member, user) for member, user in found])


@router.post("", status_code=201)
def add(workspace_id: int, wish: MemberIn, deps: DepsDep, _caller: MayOwn, now: Now) -> MemberOut:
    """Somebody who has an account. 409 for who belongs to it already as something else."""
    return MemberOut.of(*add_member(deps, workspace_id, wish.email, wish.role, now=now))


@router.get("/{user_id}")
def show(workspace_id: int, user_id: str, deps: DepsDep, _caller: MayRead) -> MemberOut:
    with deps.database.read() as session:
        found = [each for each in accounts.members(session, workspace_id) if each[0].user_id == user_id]
    if not found:
        raise _no_member(workspace_id, user_id)
    return MemberOut.of(*found[0])


@router.put("/{user_id}")
def change(workspace_id: int, user_id: str, wish: RoleIn, deps: DepsDep, caller: MayOwn, now: Now) -> MemberOut:
    """Make somebody a member in this role. The last owner stays one."""
    set_member(deps, workspace_id, user_id, wish.role, now=now)
    return show(workspace_id, user_id, deps, caller)


@router.delete("/{user_id}", status_code=204)
def remove(workspace_id: int, user_id: str, deps: DepsDep, caller: MayRead, now: Now) -> None:
    """Owners remove anybody, and anybody may leave; the last owner stays."""
    check_removal(deps, caller, user_id)
    if not remove_member(deps, workspace_id, user_id, now=now):
        raise _no_member(workspace_id, user_id)


def _no_member(workspace_id: int, user_id: str) -> NotFound:
    return NotFound(f"No user {user_id} belongs to workspace {workspace_id}.")
