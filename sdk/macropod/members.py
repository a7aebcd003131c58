"""Who belongs to a workspace."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from macropod.tables import Listing, moment
from macropod.values import ShownValue


@dataclass(frozen=True)
class Member(ShownValue):
    """A user (`user_id`, email, name) in a workspace since `created_at`, an aware datetime.

    role      "viewer" reads; "runner" also runs tasks; "editor" also changes what is run; "owner" also decides
              who belongs to it
    enabled   whether the account can be used
    """

    user_id: str
    email: str
    name: str
    enabled: bool
    role: str
    created_at: datetime

    @property
    def id(self) -> str:
        """The id of the user."""
        return self.user_id

    def _facts(self) -> list[tuple[str, str]]:
        return [("email", self.email), ("name", self.name), ("role", self.role), ("since", moment(self.created_at))]

    def _row(self) -> list[str]:
        return [self.email, self.name, self.role, str(self.enabled), moment(self.created_at)]


class MemberList(Listing[Member]):
    """A list of members that shows as a table."""

    _columns = ("Email", "Name", "Role", "Enabled", "Since")
    _dispensable = ("Since", "Name")
