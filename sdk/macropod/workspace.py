"""A workspace: what owns orchestrations and tasks, and the switch that pauses them all."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Self

from macropod.answers import Answer
from macropod.connection import Connection as ServerConnection
from macropod.connections import Connection, ConnectionList, listed, path_of
from macropod.tables import moment
from macropod.values import ShownValue


@dataclass(frozen=True)
class Workspace(ShownValue):
    """The workspace of a token, its id and name.

    created_at     an aware datetime
    paused_at      since when all its tasks are paused, an aware datetime; None when they are not
    paused_by      the name of the token of who paused it; `pause_reason` why
    """

    id: int
    name: str
    created_at: datetime
    paused_at: datetime | None
    paused_by: str | None
    pause_reason: str | None
    _server: ServerConnection | None = field(default=None, repr=False, compare=False)

    @classmethod
    def _at(cls, server: ServerConnection, answer: Answer) -> Self:
        return replace(cls._of(answer), _server=server)

    def add_connection(self, connection: Connection | str) -> Connection:
        """Let runs of this workspace use a connection, given or by its name. Raises `NotFound`."""
        return Connection._at(self._asked, self._asked.post(f"{path_of(connection)}/link"))

    def remove_connection(self, connection: Connection | str) -> Connection:
        """Runs of this workspace cannot use it any more. Raises `NotFound`."""
        return Connection._at(self._asked, self._asked.post(f"{path_of(connection)}/unlink"))

    def list_connections(self) -> ConnectionList:
        """The connections that runs of this workspace may use, by name."""
        return listed(self._asked, linked=True)

    @property
    def _asked(self) -> ServerConnection:
        assert self._server is not None
        return self._server

    def _facts(self) -> list[tuple[str, str]]:
        facts = [("id", str(self.id)), ("name", self.name), ("paused", str(self.paused_at is not None))]
        if self.paused_at:
            facts.append(("paused at", moment(self.paused_at)))
        more = (("paused by", self.paused_by), ("pause reason", self.pause_reason))
        return [*facts, *((name, value) for name, value in more if value)]
