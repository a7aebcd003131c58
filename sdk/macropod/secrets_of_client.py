"""What a client does with secrets and connections."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from macropod import connections
from macropod.arguments import checked_name
from macropod.connection import Connection as ServerConnection
from macropod.connection import segment
from macropod.secrets import Secret, SecretList


class SecretsOfClient:
    """A part of `Client`."""

    _connection: ServerConnection

    def list_secrets(self) -> SecretList:
        """The secrets of the workspace by name, without their values, which nobody is told."""
        return SecretList(map(Secret._of, self._connection.get("/v1/secrets")["items"]))

    def get_secret(self, name: str) -> Secret:
        """The secret of this name with its versions. Raises `NotFound`."""
        return Secret._of(self._connection.get(_secret(name)))

    def set_secret(self, name: str, value: str) -> Secret:
        """Make a secret, or give it a new version. Runs that begin from now on get it."""
        return Secret._of(self._connection.put(_secret(name), json={"value": value}))

    def delete_secret(self, name: str) -> None:
        """Delete a secret with all its versions. Runs whose task names it end before `main.py`. Raises `NotFound`."""
        self._connection.delete(_secret(name))

    def create_connection(
        self,
        name: str,
        connection_type: str,
        details: Mapping[str, Any],
        *,
        secret_fields: str | Collection[str] | None = None,
    ) -> connections.Connection:
        """Make a connection that runs of this workspace may use. Its name is unique over all workspaces.

        In `details`, any JSON object, `{"secret": "name"}` stands for a secret. `secret_fields` are paths such as
        "auth.token" of others that must not show in logs; None: those whose names tell it. Raises `Conflict` when
        the name is taken.
        """
        wish = connections.wish(name, connection_type, details, secret_fields)
        return connections.Connection._at(self._connection, self._connection.post(connections.PATH, json=wish))

    def get_connection(self, name: str) -> connections.Connection:
        """The connection of this name. Raises `NotFound`."""
        return connections.Connection._at(self._connection, self._connection.get(connections.path_of(name)))

    def list_connections(self) -> connections.ConnectionList:
        """Every connection in reach of the workspace, by name."""
        return connections.listed(self._connection, linked=False)

    def delete_connection(self, name: str) -> None:
        """Delete it in all workspaces. Raises `NotFound`, and `Forbidden` where it was made in another one."""
        self._connection.delete(connections.path_of(name))


def _secret(name: str) -> str:
    return f"/v1/secrets/{segment(checked_name(name))}"
