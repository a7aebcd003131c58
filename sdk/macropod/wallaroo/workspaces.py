"""Workspaces and connections, as `macropod` has them, with the calls that programs made for Wallaroo make."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Protocol, cast

import macropod

from .absent import Offering
from .object import EntityNotFoundError


class GivenWorkspace(Protocol):
    id: int
    name: str
    created_at: datetime

    def add_connection(self, name: str) -> object: ...


class GivenConnection(Protocol):
    name: str
    type: str
    created_at: datetime

    def details(self) -> dict[str, Any]: ...


class _Server(Protocol):
    """What is used of `macropod.Client`."""

    def workspace(self) -> GivenWorkspace: ...
    def list_workspaces(self) -> Iterable[GivenWorkspace]: ...
    def create_workspace(self, name: str) -> GivenWorkspace: ...
    def get_connection(self, name: str) -> GivenConnection: ...
    def list_connections(self) -> Iterable[GivenConnection]: ...
    def create_connection(self, name: str, type: str, details: dict[str, Any]) -> GivenConnection: ...  # noqa: A002


class Workspace(Offering):
    def __init__(self, given: GivenWorkspace) -> None:
        self._given = given

    def id(self) -> int:
        return self._given.id

    def name(self) -> str:
        return self._given.name

    def created_at(self) -> datetime:
        return self._given.created_at

    def add_connection(self, name: str) -> None:
        """Let this workspace use the connection of that name."""
        self._given.add_connection(name)

    def __repr__(self) -> str:
        return f"Workspace(id={self.id()}, name={self.name()!r})"


class Connection(Offering):
    def __init__(self, given: GivenConnection) -> None:
        self._given = given

    def name(self) -> str:
        return self._given.name

    def connection_type(self) -> str:
        return self._given.type

    def details(self) -> dict[str, Any]:
        return self._given.details()

    def created_at(self) -> datetime:
        return self._given.created_at

    def __repr__(self) -> str:
        return f"Connection(name={self.name()!r}, type={self.connection_type()!r})"


class Workspaces(Offering):
    """The calls of a client that are about workspaces and connections."""

    _macropod: macropod.Client

    def get_current_workspace(self) -> Workspace:
        """That of the run; its login is good for no other one."""
        return Workspace(self._server.workspace())

    def set_current_workspace(self, workspace: Workspace) -> Workspace:
        """Raises `ValueError` for another one than that of the run."""
        own = self.get_current_workspace()
        if workspace.id() != own.id():
            raise ValueError(
                f"This run works in the workspace {own.name()!r} and its login is good for no other one; to work in "
                f"{workspace.name()!r}, make the task there."
            )
        return own

    def list_workspaces(self) -> list[Workspace]:
        return [Workspace(each) for each in self._server.list_workspaces()]

    def get_workspace(self, name: str, create_if_not_exist: bool | None = False) -> Workspace:
        """Raises `EntityNotFoundError` where there is none and none is to be made."""
        found = next((each for each in self.list_workspaces() if each.name() == name), None)
        if found is None and not create_if_not_exist:
            raise EntityNotFoundError("workspace", {"name": name})
        return found or self.create_workspace(name)

    def create_workspace(self, workspace_name: str) -> Workspace:
        return Workspace(self._server.create_workspace(workspace_name))

    def get_connection(self, name: str) -> Connection:
        return Connection(self._server.get_connection(name))

    def list_connections(self) -> list[Connection]:
        return [Connection(each) for each in self._server.list_connections()]

    def create_connection(self, name: str, connection_type: str, details: dict[str, Any]) -> Connection:
        return Connection(self._server.create_connection(name, connection_type, details))

    @property
    def _server(self) -> _Server:
        return cast(_Server, self._macropod)
