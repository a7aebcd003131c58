"""Secrets and connections through the SDK and on the command line."""

import io
import json
from pathlib import Path
from typing import Any

import macropod
import pytest
from macropod_server.db import secrets
from macropod_server.flows.sealing import open_text

from tests.sdk_calls import Call
from tests.sdk_server import PlayedServer


def answer(call: Call, *words: object) -> Any:
    code, out, err = call(*words, "-o", "json")
    assert code == 0, err
    return json.loads(out)


DETAILS = {"host": "db", "password": {"secret": "password"}}


@pytest.fixture
def password(client: macropod.Client) -> macropod.Secret:
    return client.set_secret("password", "hunter22")


@pytest.fixture
def warehouse(client: macropod.Client, password: macropod.Secret) -> macropod.Connection:
    return client.create_connection("warehouse", "postgresql", DETAILS, secret_fields="host")


def test_a_secret_is_set_listed_and_deleted_and_shows_no_value(client: macropod.Client) -> None:
    client.set_secret("password", "hunter22")
    made = client.set_secret("password", "hunter33")
    assert (made.id, made.version, made.versions) == ("password", 2, ())
    shown = client.get_secret("password")
    assert [each.number for each in shown.versions] == [2, 1]
    assert shown.to_dict()["versions"][0]["created_by"] == "admin@localhost"
    listed = client.list_secrets()
    assert "hunter" not in repr((made, shown, listed)) + listed._repr_html_() + shown._repr_html_()
    client.delete_secret("password")
    with pytest.raises(macropod.NotFound, match="no secret 'password'"):
        client.get_secret("password")


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ("db-password", {"db_password": "db-password"}),
        (["TOKEN"], {"TOKEN": "TOKEN"}),
        ({"PGPASSWORD": "db-password"}, {"PGPASSWORD": "db-password"}),
        (["PGPASSWORD=db-password", "db-password"], {"PGPASSWORD": "db-password", "db_password": "db-password"}),
    ],
)
def test_a_task_names_its_secrets_and_shows_them(
    client: macropod.Client, hello: Path, given: object, named: dict[str, str]
) -> None:
    for name in ("TOKEN", "db-password"):
        client.set_secret(name, "hunter22")
    task = client.upload_orchestration(hello).run_once("a", secrets=given, secret_files="TOKEN")
    assert (task.secrets, task.secret_files) == (named, {"TOKEN": "TOKEN"})
    assert "TOKEN=TOKEN" in task._repr_html_()


@pytest.mark.parametrize("given", [3, [3], {"A": 3}, b"x"])
def test_what_names_no_secrets_is_refused_before_it_is_sent(
    client: macropod.Client, hello: Path, given: object
) -> None:
    with pytest.raises(macropod.Invalid, match=r"names of secrets|it takes a name"):
        client.upload_orchestration(hello).run_once("a", secrets=given)


def test_an_unknown_secret_is_named(client: macropod.Client, hello: Path) -> None:
    with pytest.raises(macropod.Invalid, match="no secret 'tokn'"):
        client.upload_orchestration(hello).run_once("a", secrets=["tokn"])


def test_a_run_is_told_values_and_its_lineage_their_versions(
    client: macropod.Client, server: PlayedServer, hello: Path, warehouse: macropod.Connection
) -> None:
    task = client.upload_orchestration(hello).run_once("a", secrets=["password"])
    client.set_secret("other", "s3same")
    played = server.start()
    assert played.spec["secrets"] == {"password": "hunter22"}
    same = server.connect(token=played.token).get_orchestration(task.orchestration_id)
    with pytest.raises(macropod.Forbidden, match="not given the secret 'other'"):
        same.run_once("b", secrets=["other"])
    played.prints("it is hunter22")
    [run] = task.last_runs()
    assert [each.text for each in run.logs()] == ["it is ***"]
    lineage = run.lineage()
    assert [(each.name, each.version) for each in lineage.secrets] == [("password", 1)]
    assert "version 1" in lineage._repr_html_()
    assert lineage.to_dict()["secrets"] == [{"name": "password", "version": 1}]


def test_a_connection_is_made_linked_and_deleted(client: macropod.Client, warehouse: macropod.Connection) -> None:
    assert (warehouse.workspace_names, warehouse.secret_fields) == (["default"], ["host"])
    assert client.get_connection("warehouse") == warehouse == client.list_connections()[0]
    assert warehouse.details() == DETAILS
    workspace = client.workspace()
    assert workspace.remove_connection(warehouse).workspace_names == []
    assert workspace.list_connections() == []
    assert workspace.add_connection("warehouse").workspace_names == ["default"]
    assert "warehouse" in client.list_connections()._repr_html_() + warehouse._repr_html_()
    with pytest.raises(macropod.Conflict, match="'warehouse' already"):
        client.create_connection("warehouse", "x", {})
    warehouse.delete()
    with pytest.raises(macropod.NotFound):
        client.delete_connection("warehouse")


def test_details_that_are_no_object_are_refused(client: macropod.Client) -> None:
    with pytest.raises(macropod.Invalid, match="details are an object"):
        client.create_connection("warehouse", "x", ["a"])  # type: ignore[arg-type]


def test_the_command_takes_a_value_from_stdin_or_a_file_and_never_shows_it(
    call: Call, server: PlayedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("hunter22\n"))
    assert answer(call, "secret", "set", "password")["version"] == 1
    (tmp_path / "key.pem").write_bytes(b"line\r\nhunter33\n")
    assert answer(call, "secret", "set", "key", "--from-file", tmp_path / "key.pem")["name"] == "key"
    assert values_of(server) == {"password": "hunter22", "key": "line\r\nhunter33\n"}
    shown = (
        call("secret", "list")[1] + call("secret", "show", "key")[1] + call("secret", "show", "key", "-o", "json")[1]
    )
    assert "hunter" not in shown
    assert call("secret", "list", "-o", "name")[1] == "key\npassword\n"
    assert call("secret", "delete", "key", "-o", "name")[1] == "key\n"
    assert call("secret", "show", "key")[0] == 4
    assert call("secret", "set", "x", "--from-file", tmp_path / "nothing")[0] == 2


def values_of(server: PlayedServer) -> dict[str, str]:
    ring = server.deps.master_keys.ring()
    with server.deps.database.read() as session:
        found = secrets.newest(session, 1, ["password", "key"])
        return {
            name: open_text(ring, each.version, each.secret.subject(each.version.number))
            for name, each in found.items()
        }


def test_connections_by_command(
    call: Call, password: macropod.Secret, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "details.json").write_text(json.dumps(DETAILS))
    create = ("connection", "create", "warehouse", "--type", "postgresql")
    made = answer(call, *create, "--from-file", tmp_path / "details.json", "--secret-field", "host")
    assert (made["secret_fields"], made["workspace_names"]) == (["host"], ["default"])
    assert answer(call, "connection", "unlink", "warehouse")["workspace_names"] == []
    assert answer(call, "connection", "link", "warehouse")["workspace_names"] == ["default"]
    assert "password" not in call("connection", "show", "warehouse")[1]
    assert answer(call, "connection", "show", "warehouse", "--details")["details"] == DETAILS
    assert call("connection", "list", "-o", "name")[1] == f"{made['id']}\n"
    assert call("connection", "delete", "warehouse", "-o", "name")[1] == "warehouse\n"
    monkeypatch.setattr("sys.stdin", io.StringIO("[]"))
    assert call(*create)[0] == 2


def test_a_task_names_secrets_by_command(call: Call, hello: Path, password: macropod.Secret) -> None:
    _, out, _ = call("orchestration", "upload", hello, "--wait", "-o", "name")
    words = ("task", "run-once", out.strip(), "--name", "a")
    made = answer(call, *words, "--secret", "PGPASSWORD=password", "--secret-file", "password")
    assert (made["secrets"], made["secret_files"]) == ({"PGPASSWORD": "password"}, {"password": "password"})
