"""In whose name a run logs in, where its program asks as a user."""

from dataclasses import dataclass

from macropod_server.db.tables import Run
from macropod_server.deps import Deps
from macropod_server.flows import identify


@dataclass(frozen=True)
class Owner:
    """The user a task belongs to, by id and e-mail address."""

    user_id: str
    user_email: str


def owner_of(deps: Deps, run: Run) -> Owner:
    with deps.database.read() as session:
        user = identify.owner_of(session, run)
    return Owner(user.id, user.email)
