"""Tokens: keys of people and programs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from macropod.answers import Answer, fields, reading
from macropod.tables import NOTHING, Listing, moment
from macropod.values import ShownValue


@dataclass(frozen=True)
class Token(ShownValue):
    """A token, its id and name; what it is itself is told once, when it is made.

    scope          "read", "run", "edit" or "admin": how much of what its user may do
    workspace      name of the only one it reaches, `workspace_id` its id; None: all of its user's
    created_at, expires_at, last_used_at, revoked_at   aware datetimes; None where it did not happen
    """

    id: str
    name: str
    scope: str
    workspace: str | None
    workspace_id: int | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None

    @classmethod
    def _of(cls, answer: Answer) -> Self:
        with reading("token"):
            bound = answer["workspace"] or {"name": None, "id": None}
            return cls(**fields(cls, {**answer, "workspace": bound["name"], "workspace_id": bound["id"]}))

    def to_dict(self) -> dict[str, Any]:
        """As the REST API says it: times as ISO 8601 texts."""
        facts = super().to_dict()
        name, id_ = facts.pop("workspace"), facts.pop("workspace_id")
        return facts | {"workspace": None if id_ is None else {"id": id_, "name": name}}

    def _facts(self) -> list[tuple[str, str]]:
        facts = [("id", self.id), ("name", self.name), ("scope", self.scope), ("workspace", self.workspace or "all")]
        return [*facts, ("expires at", moment(self.expires_at)), ("revoked at", moment(self.revoked_at))]

    def _row(self) -> list[str]:
        times = (self.created_at, self.expires_at, self.last_used_at, self.revoked_at)
        return [self.name, self.scope, self.workspace or NOTHING, *map(moment, times), self.id]


@dataclass(frozen=True)
class NewToken(Token):
    """A token that was just made. `secret` is the token itself: keep it, nobody is told it again."""

    secret: str = field(repr=False)


class TokenList(Listing[Token]):
    """A list of tokens that shows as a table."""

    _columns = ("Name", "Scope", "Workspace", "Created", "Expires", "Last Used", "Revoked", "Id")
    _dispensable = ("Created", "Last Used", "Expires")
