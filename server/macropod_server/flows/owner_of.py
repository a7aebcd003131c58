"""In whose name a run logs in, where its program asks as a user."""

import uuid
from dataclasses import dataclass

from macropod_server.db.tables import Run
from macropod_server.deps import Deps

_ADMIN_EMAIL = "admin@localhost"


@dataclass(frozen=True)
class Owner:
    """The user a task belongs to, by id and e-mail address."""

    user_id: str
    user_email: str


def owner_of(deps: Deps, run: Run) -> Owner:  # noqa: ARG001 - every run belongs to the same user
    """The one user there is, whose id is the same for ever and another one in each installation."""
    return Owner(str(uuid.uuid5(uuid.UUID(deps.installation_id), _ADMIN_EMAIL)), _ADMIN_EMAIL)
