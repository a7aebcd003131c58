"""Workspaces and connections of the module `wallaroo`, over a double of the calls they make."""

import macropod
import pytest
from macropod.wallaroo.object import EntityNotFoundError
from macropod.wallaroo.workspaces import Workspaces

from tests.wallaroo.doubles import NOON, ServerWithWorkspaces


class Client(Workspaces):
    def __init__(self, server: ServerWithWorkspaces) -> None:
        self.server = server

    @property
    def _server(self) -> ServerWithWorkspaces:  # type: ignore[override]
        return self.server


@pytest.fixture
def client() -> Client:
    return Client(ServerWithWorkspaces())


def test_the_current_workspace_is_that_of_the_run(client: Client) -> None:
    current = client.get_current_workspace()
    assert (current.id(), current.name(), current.created_at()) == (1, "default", NOON)
    assert client.set_current_workspace(current).id() == 1


def test_another_workspace_cannot_become_the_current_one(client: Client) -> None:
    with pytest.raises(ValueError, match="works in the workspace 'default' and its login is good for no other one"):
        client.set_current_workspace(client.get_workspace("sales"))


def test_workspaces_are_listed_and_had_by_name(client: Client) -> None:
    assert [each.name() for each in client.list_workspaces()] == ["default", "sales"]
    assert client.get_workspace("sales").id() == 2


def test_a_workspace_that_is_not_there_is_made_only_when_asked_for(client: Client) -> None:
    with pytest.raises(EntityNotFoundError, match="There is no workspace with name 'new'"):
        client.get_workspace("new")
    assert client.get_workspace("new", create_if_not_exist=True).id() == 3
    assert client.create_workspace("newer").name() == "newer"


def test_a_connection_is_made_had_listed_and_added(client: Client) -> None:
    made = client.create_connection("store", "BIGQUERY", {"dataset": "houses"})
    assert (made.name(), made.connection_type(), made.created_at()) == ("store", "BIGQUERY", NOON)
    assert client.get_connection("store").details() == {"dataset": "houses"}
    assert client.get_connection(name="store").details()["dataset"] == "houses"
    assert [each.name() for each in client.list_connections()] == ["store"]
    client.get_current_workspace().add_connection("store")
    assert client.server.workspaces[0].connections == ["store"]


def test_details_are_not_shown_by_the_way(client: Client) -> None:
    made = client.create_connection("store", "BIGQUERY", {"key": "geheim"})
    assert "geheim" not in repr(made)


def test_a_connection_that_is_not_there_is_an_error_of_macropod(client: Client) -> None:
    with pytest.raises(macropod.NotFound):
        client.get_connection("nothing")
