"""People: look them up, invite them, shut them out and let them in again."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from macropod_server.api.access import DepsDep, MayAdminister, Now, Person
from macropod_server.db import accounts
from macropod_server.db.tables import User
from macropod_server.domain.accounts import email_address
from macropod_server.domain.errors import Invalid
from macropod_server.flows.change_user import set_enabled
from macropod_server.flows.invite_user import invite_user
from macropod_server.wallaroo_api.refusals import WallarooRoute

router = APIRouter(tags=["users"], route_class=WallarooRoute)

_ADMIN = "/auth/admin/realms/master/users"
_MOST = 1000


class UserShape(BaseModel):
    id: str
    username: str
    email: str
    enabled: bool
    createdTimestamp: int = Field(description="in milliseconds")  # noqa: N815

    @classmethod
    def of(cls, user: User) -> Self:
        return cls(
            id=user.id,
            username=user.email,
            email=user.email,
            enabled=user.disabled_at is None,
            createdTimestamp=_milliseconds(user.created_at),
        )


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)


class QueryWish(BaseModel):
    user_ids: list[str] | None = Field(default=None, max_length=_MOST)


class Found(BaseModel):
    users: dict[str, UserShape]


class InviteWish(BaseModel):
    email: str
    password: str | None = Field(default=None, repr=False)


class Invited(BaseModel):
    id: str
    password: str = Field(repr=False)


class Change(BaseModel):
    """The whole user is sent; this is what of it can be changed."""

    enabled: bool


@router.get(_ADMIN)
def find(deps: DepsDep, _person: Person, email: Annotated[str | None, Query()] = None) -> list[UserShape]:
    """Who has that address; nobody for one that nobody has."""
    with deps.database.read() as session:
        if email is None:
            return [UserShape.of(user) for user in accounts.users(session)]
        user = accounts.user_of_email(session, _spelled(email))
    return [UserShape.of(user)] if user else []


def _spelled(email: str) -> str:
    try:
        return email_address(email)
    except Invalid:
        return ""


@router.get(_ADMIN + "/{user_id}")
def show(user_id: str, deps: DepsDep, _person: Person) -> UserShape:
    with deps.database.read() as session:
        return UserShape.of(accounts.user(session, user_id))


@router.put(_ADMIN + "/{user_id}", status_code=204)
def change(user_id: str, wish: Change, deps: DepsDep, admin: MayAdminister, now: Now) -> None:
    set_enabled(deps, user_id, enabled=wish.enabled, now=now, caller_id=admin.user_id)


@router.post("/v1/api/users/query")
def query(wish: QueryWish, deps: DepsDep, _person: Person) -> Found:
    """All, or those of these ids that there are."""
    with deps.database.read() as session:
        found = accounts.users(session, wish.user_ids)
    return Found(users={user.id: UserShape.of(user) for user in found})


@router.post("/v1/api/users/invite")
def invite(wish: InviteWish, deps: DepsDep, _admin: MayAdminister, now: Now) -> Invited:
    """The password is told once: the one that was sent, else a new one."""
    made = invite_user(deps, wish.email, password=wish.password, now=now)
    return Invited(id=made.user.id, password=made.password)
