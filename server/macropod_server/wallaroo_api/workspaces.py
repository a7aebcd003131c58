"""Workspaces and who belongs to them."""

from enum import StrEnum

from fastapi import APIRouter
from pydantic import BaseModel

from macropod_server.api.access import DepsDep, Now, UnboundHolder, check_removal
from macropod_server.db import accounts
from macropod_server.domain.accounts import email_address
from macropod_server.domain.errors import NotFound
from macropod_server.domain.roles import Role
from macropod_server.flows.change_members import remove_member, set_member
from macropod_server.flows.create_workspace import create_workspace
from macropod_server.wallaroo_api.calling import Call, CallDep, WorkspaceId, note_about
from macropod_server.wallaroo_api.refusals import WallarooRoute
from macropod_server.wallaroo_api.shapes import WorkspaceShape, first_admin_id

router = APIRouter(prefix="/v1/api/workspaces", route_class=WallarooRoute)


class UserType(StrEnum):
    OWNER = "OWNER"
    COLLABORATOR = "COLLABORATOR"


_ROLE = {UserType.OWNER: Role.OWNER, UserType.COLLABORATOR: Role.EDITOR}


class CreateWish(BaseModel):
    workspace_name: str


class Created(BaseModel):
    workspace_id: int


class Listed(BaseModel):
    workspaces: list[WorkspaceShape]


class OfWorkspace(BaseModel):
    workspace_id: WorkspaceId


class AddWish(OfWorkspace):
    email: str | None = None
    user_id: str | None = None
    user_type: str = UserType.COLLABORATOR


class RemoveWish(OfWorkspace):
    email: str | None = None
    user_id: str | None = None


class MemberShape(BaseModel):
    user_id: str
    user_type: UserType


class Members(BaseModel):
    users: list[MemberShape]


class Removed(BaseModel):
    affected_rows: int


class Nothing(BaseModel):
    """An object without fields."""


@router.post("/create", tags=["workspaces"])
def create(wish: CreateWish, deps: DepsDep, person: UnboundHolder, now: Now) -> Created:
    made = create_workspace(deps, wish.workspace_name, owner_id=person.user_id, now=now)
    assert made.id is not None
    return Created(workspace_id=made.id)


@router.post("/list", tags=["workspaces"])
def list_workspaces(call: CallDep) -> Listed:
    """Those of whoever calls, oldest first."""
    with call.deps.database.read() as session:
        first_admin = first_admin_id(session)
        found = accounts.workspaces_in_reach(session, call.identity)
    return Listed(workspaces=[WorkspaceShape.of(each, first_admin=first_admin) for each in found])


@router.post("/list_users", tags=["members"])
def list_users(wish: OfWorkspace, call: CallDep) -> Members:
    call.within(Role.VIEWER, wish.workspace_id)
    with call.deps.database.read() as session:
        found = accounts.members(session, wish.workspace_id)
    return Members(users=[MemberShape(user_id=user.id, user_type=_type_of(member.role)) for member, user in found])


def _type_of(role: Role) -> UserType:
    return UserType.OWNER if role is Role.OWNER else UserType.COLLABORATOR


@router.post("/add_user", tags=["members"], name="add")
def add_user(wish: AddWish, call: CallDep) -> Nothing:
    """Who belongs to it already loses nothing by it."""
    call.within(Role.OWNER, wish.workspace_id)
    role = _ROLE[_user_type(wish.user_type)]
    user_id = _known(wish.user_id or _id_of(call, wish.email), wish.email)
    note_about(wish.workspace_id, user_id=user_id)
    set_member(call.deps, wish.workspace_id, user_id, role, keeps_more=True, now=call.now)
    return Nothing()


def _user_type(word: str) -> UserType:
    return UserType.OWNER if word.upper() == UserType.OWNER else UserType.COLLABORATOR


@router.post("/remove_user", tags=["members"], name="remove")
def remove_user(wish: RemoveWish, call: CallDep) -> Removed:
    return removed(call, wish.workspace_id, user_id=wish.user_id, email=wish.email)


def removed(call: Call, workspace_id: int, *, user_id: str | None, email: str | None = None) -> Removed:
    """Who may not remove others does not learn from it who has an account."""
    caller = call.within(Role.VIEWER, workspace_id)
    user_id = user_id or _id_of(call, email)
    check_removal(call.deps, caller, user_id)
    known = _known(user_id, email)
    note_about(workspace_id, user_id=known)
    return Removed(affected_rows=remove_member(call.deps, workspace_id, known, now=call.now))


def _id_of(call: Call, email: str | None) -> str | None:
    with call.deps.database.read() as session:
        user = accounts.user_of_email(session, email_address(email or ""))
    return user.id if user else None


def _known(user_id: str | None, email: str | None) -> str:
    if user_id is None:
        raise NotFound(f"There is no user {email}.")
    return user_id
