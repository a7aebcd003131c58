"""The people of a server."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from macropod.tables import Listing
from macropod.values import ShownValue


@dataclass(frozen=True)
class User(ShownValue):
    """Somebody with an account: its id, email and name.

    enabled      whether the account can be used
    is_admin     whether this user manages accounts
    created_at   an aware datetime
    """

    id: str
    email: str
    name: str
    enabled: bool
    is_admin: bool
    created_at: datetime

    def _facts(self) -> list[tuple[str, str]]:
        facts = [("id", self.id), ("email", self.email), ("name", self.name)]
        return [*facts, ("enabled", str(self.enabled)), ("admin", str(self.is_admin))]

    def _row(self) -> list[str]:
        return [self.email, self.name, str(self.enabled), str(self.is_admin), self.id]


@dataclass(frozen=True)
class InvitedUser(User):
    """Who was just invited. `password` is the one that was made, told this once; None where one was given."""

    password: str | None = field(repr=False)


@dataclass(frozen=True)
class Me(User):
    """Who a token speaks for, and how far it reaches.

    default_workspace_id   the workspace that is one's own
    workspace_id           where calls act that name no other
    is_bound               whether the token reaches that workspace only
    scope                  "read", "run", "edit" or "admin": how much of what its user may do
    token_id               None for who signed in without a token
    """

    default_workspace_id: int | None
    workspace_id: int | None
    is_bound: bool
    scope: str
    token_id: str | None

    def _facts(self) -> list[tuple[str, str]]:
        reach = "this workspace" if self.is_bound else "all workspaces"
        return [*super()._facts(), ("workspace", str(self.workspace_id)), ("scope", self.scope), ("reaches", reach)]


class UserList(Listing[User]):
    """A list of users that shows as a table."""

    _columns = ("Email", "Name", "Enabled", "Admin", "Id")
    _dispensable = ("Id", "Name")
