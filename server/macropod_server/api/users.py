"""The people of this server."""

from fastapi import APIRouter

from macropod_server.api.access import DepsDep, MayAdminister, Now, Person, UnboundHolder
from macropod_server.api.account_schemas import InvitedOut, MeOut, OwnChange, UserChange, UserIn, UserList, UserOut
from macropod_server.api.sessions import Address
from macropod_server.db import accounts
from macropod_server.domain.accounts import checked_password
from macropod_server.domain.errors import Invalid
from macropod_server.flows.change_user import change_own_password, set_admin, set_enabled, set_name, set_password
from macropod_server.flows.invite_user import invite_user

router = APIRouter(prefix="/v1/users", tags=["users"])


@router.get("")
def list_users(deps: DepsDep, _person: Person) -> UserList:
    """By e-mail address: everybody may know whom to add to a workspace."""
    with deps.database.read() as session:
        return UserList(items=[UserOut.of(user) for user in accounts.users(session)])


@router.post("", status_code=201)
def invite(wish: UserIn, deps: DepsDep, _admin: MayAdminister, now: Now) -> InvitedOut:
    """Give somebody an account and a workspace of their own. For admins."""
    given = wish.password.get_secret_value() if wish.password else None
    invited = invite_user(deps, wish.email, name=wish.name, password=given, is_admin=wish.is_admin, now=now)
    return InvitedOut.of(invited.user, password=None if given else invited.password)


@router.get("/me")
def me(deps: DepsDep, person: Person) -> MeOut:
    with deps.database.read() as session:
        return MeOut.of_caller(accounts.user(session, person.user_id), person)


@router.patch("/me")
def change_me(wish: OwnChange, deps: DepsDep, person: UnboundHolder, address: Address, now: Now) -> MeOut:
    """Your name, and your password with the old one: who is signed in as you signs in again then."""
    if wish.password is not None:
        if wish.old_password is None:
            raise Invalid.field("old_password", "To set a password the old one is needed too, as old_password.")
        old, new = wish.old_password.get_secret_value(), wish.password.get_secret_value()
        change_own_password(deps, person, old=old, new=new, address=address, now=now)
    if wish.name is not None:
        set_name(deps, person.user_id, wish.name)
    return me(deps, person)


@router.patch("/{user_id}")
def change(user_id: str, wish: UserChange, deps: DepsDep, admin: MayAdminister, now: Now) -> UserOut:
    """Disable or enable, make or unmake an admin, set a password anew. For admins; one admin always stays."""
    password = checked_password(wish.password.get_secret_value()) if wish.password else None
    if wish.is_admin is not None:
        set_admin(deps, user_id, is_admin=wish.is_admin, caller_id=admin.user_id)
    if wish.enabled is not None:
        set_enabled(deps, user_id, enabled=wish.enabled, now=now, caller_id=admin.user_id)
    if password is not None:
        set_password(deps, user_id, password, now)
    with deps.database.read() as session:
        return UserOut.of(accounts.user(session, user_id))
