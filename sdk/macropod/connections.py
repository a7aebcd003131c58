"""Connections: named access to outside systems, for runs of the workspaces they are linked to."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self

from macropod.answers import Answer, reading
from macropod.arguments import checked_name
from macropod.connection import Connection as ServerConnection
from macropod.connection import segment
from macropod.errors import Invalid
from macropod.option_values import checked_words
from macropod.tables import NOTHING, Listing, moment
from macropod.values import ShownValue

PATH = "/v1/connections"


@dataclass(frozen=True)
class Connection(ShownValue):
    """Named access to an outside system.

    id, name         its name is unique over all workspaces
    type             what kind of system it leads to
    secret_fields    paths in its details that are hidden in logs; None: guessed by their names
    workspace_names  the workspaces whose runs may use it
    created_by, created_at   who made it, the name of a token, and when, an aware datetime
    """

    id: str
    name: str
    type: str
    secret_fields: list[str] | None
    workspace_names: list[str]
    created_by: str | None
    created_at: datetime
    _server: ServerConnection | None = field(default=None, repr=False, compare=False)

    @classmethod
    def _at(cls, server: ServerConnection, answer: Answer) -> Self:
        return replace(cls._of(answer), _server=server)

    def details(self) -> dict[str, Any]:
        """What it leads to. Asked from the server, and not kept.

        Inside a run fields that name a secret hold its value, and what is secret does not show in the run's log
        from then on. Elsewhere they hold `{"secret": "name"}`. Raises `NotFound` in a run of a workspace it is not
        linked to, and `Conflict` when a secret it names is not there.
        """
        answer = self._asked.post(f"{path_of(self.name)}/details")
        with reading("connection"):
            return dict(answer["details"])

    def delete(self) -> None:
        """Delete it in all workspaces. Raises `Forbidden` where it was made in another one."""
        self._asked.delete(path_of(self.name))

    @property
    def _asked(self) -> ServerConnection:
        assert self._server is not None
        return self._server

    def _row(self) -> list[str]:
        return [self.name, self.type, ", ".join(self.workspace_names) or NOTHING, moment(self.created_at)]

    def _facts(self) -> list[tuple[str, str]]:
        hidden = "guessed by their names" if self.secret_fields is None else ", ".join(self.secret_fields)
        return [
            ("id", self.id),
            ("name", self.name),
            ("type", self.type),
            ("secret fields", hidden or NOTHING),
            ("workspaces", ", ".join(self.workspace_names) or NOTHING),
            ("created at", f"{moment(self.created_at)} by {self.created_by}" if self.created_by else NOTHING),
        ]


class ConnectionList(Listing[Connection]):
    """Connections by name: a list that shows as a table."""

    _columns = ("name", "type", "workspaces", "created at")


def wish(
    name: str, connection_type: str, details: Mapping[str, Any], secret_fields: str | Collection[str] | None
) -> dict[str, Any]:
    """What is sent to make one."""
    if not isinstance(details, Mapping):
        raise Invalid.field("details", "The details are an object, such as {'host': 'db.example'}.")
    paths = None if secret_fields is None else checked_words("secret_fields", secret_fields)
    return {"name": checked_name(name), "type": connection_type, "details": dict(details), "secret_fields": paths}


def path_of(connection: Connection | str) -> str:
    name = connection.name if isinstance(connection, Connection) else connection
    return f"{PATH}/{segment(checked_name(name))}"


def listed(server: ServerConnection, *, linked: bool) -> ConnectionList:
    answer = server.get(PATH, linked=linked)
    return ConnectionList(Connection._at(server, each) for each in answer["items"])
