"""The calls for workspaces and connections, as `macropod` is to have them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import macropod

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


@dataclass
class GivenWorkspace:
    id: int
    name: str
    created_at: datetime = NOON
    connections: list[str] = field(default_factory=list)

    def add_connection(self, name: str) -> None:
        self.connections.append(name)


@dataclass
class GivenConnection:
    name: str
    type: str
    kept: dict[str, Any]
    created_at: datetime = NOON

    def details(self) -> dict[str, Any]:
        return self.kept


class ServerWithWorkspaces:
    """The first workspace is that of the run."""

    def __init__(self) -> None:
        self.workspaces = [GivenWorkspace(1, "default"), GivenWorkspace(2, "sales")]
        self.connections: dict[str, GivenConnection] = {}

    def workspace(self) -> GivenWorkspace:
        return self.workspaces[0]

    def list_workspaces(self) -> list[GivenWorkspace]:
        return self.workspaces

    def create_workspace(self, name: str) -> GivenWorkspace:
        self.workspaces.append(GivenWorkspace(len(self.workspaces) + 1, name))
        return self.workspaces[-1]

    def get_connection(self, name: str) -> GivenConnection:
        if name not in self.connections:
            raise macropod.NotFound(f"There is no connection {name!r}.")
        return self.connections[name]

    def list_connections(self) -> list[GivenConnection]:
        return list(self.connections.values())

    def create_connection(self, name: str, type: str, details: dict[str, Any]) -> GivenConnection:  # noqa: A002
        self.connections[name] = GivenConnection(name, type, details)
        return self.connections[name]
