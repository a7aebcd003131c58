"""People who can sign in."""

from functools import cache
from typing import Any

from macropod_server.db.tables import Member, User, Workspace
from macropod_server.deps import Deps
from macropod_server.domain.passwords import password_hash
from macropod_server.domain.roles import Role

from tests.builders import NOON

EMAIL, PASSWORD = "ada@example.org", "correct horse battery"


@cache
def _hash(password: str) -> str:
    return password_hash(password)


def make_person(deps: Deps, email: str = EMAIL, password: str | None = PASSWORD, **facts: Any) -> User:
    """The owner of a workspace of their own."""
    with deps.database.write() as session:
        home = Workspace(name=f"home of {email}", created_at=NOON)
        session.add(home)
        session.flush()
        hashed = _hash(password) if password else None
        own = {"id": f"id of {email}", "email": email, "name": email.split("@")[0], "created_at": NOON}
        person = User(**own | {"password_hash": hashed, "default_workspace_id": home.id} | facts)
        session.add(person)
        session.flush()
        session.add(Member(workspace_id=home.id, user_id=person.id, role=Role.OWNER, created_at=NOON))
    return person


def disable(deps: Deps, person: User) -> None:
    with deps.database.write() as session:
        session.get_one(User, person.id).disabled_at = deps.clock()
