"""Workspaces, users and tokens through the SDK and the command line."""

import json
from pathlib import Path

import macropod
import pytest
from macropod import Conflict, Forbidden, Invalid, NotFound, Unauthorized

from tests.sdk_calls import Call
from tests.sdk_doubles import Wire, connect, ok
from tests.sdk_server import PlayedServer


@pytest.fixture
def kept(server: PlayedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The credentials file of somebody who has logged in."""
    path = tmp_path / "credentials.json"
    path.write_text(json.dumps({"url": "http://testserver", "token": server.token, "installation": "ours"}))
    monkeypatch.setenv("MACROPOD_CREDENTIALS", str(path))
    return path


def test_a_client_acts_in_the_workspace_it_names(server: PlayedServer, client: macropod.Client, hello: Path) -> None:
    made = client.create_workspace("houses")
    assert (made.role, made.archived_at) == ("owner", None)
    for name in ("houses", str(made.id)):
        assert server.connect(workspace=name).workspace() == made
    there = server.connect(workspace="houses")
    orchestration = there.upload_orchestration(hello)
    assert [each.id for each in there.list_orchestrations()] == [orchestration.id]
    assert client.list_orchestrations() == []
    assert client.get_orchestration(orchestration.id) == orchestration
    with pytest.raises(NotFound, match="no workspace 'nowhere' in reach"):
        server.connect(workspace="nowhere").workspace()


def test_a_workspace_is_found_by_name_or_id_or_made(client: macropod.Client) -> None:
    with pytest.raises(NotFound):
        client.get_workspace("houses")
    made = client.get_workspace("houses", create_if_not_exist=True)
    assert client.get_workspace("houses", True) == client.get_workspace(made.id) == made
    assert [each.name for each in client.list_workspaces()] == ["default", "houses"]
    with pytest.raises(Conflict):
        client.create_workspace("houses")
    with pytest.raises(Invalid, match="no name for a workspace"):
        client.create_workspace("9 houses")


def test_members_of_a_workspace(client: macropod.Client) -> None:
    client.invite_user("Ada@example.org")
    houses = client.create_workspace("houses")
    assert houses.add_user("ada@example.org").role == "editor"
    assert houses.set_role("Ada@example.org ", "viewer").role == "viewer"
    assert [(each.email, each.role) for each in houses.members()] == [
        ("ada@example.org", "viewer"),
        ("admin@localhost", "owner"),
    ]
    houses.remove_user("ada@example.org")
    with pytest.raises(NotFound, match="does not belong to workspace 'houses'"):
        houses.remove_user("ada@example.org")
    with pytest.raises(NotFound, match="no user ben"):
        houses.add_user("ben@example.org")
    with pytest.raises(Conflict, match="only owner"):
        houses.remove_user("admin@localhost")


def test_a_workspace_is_renamed_archived_and_opened_again(server: PlayedServer, client: macropod.Client) -> None:
    houses = client.create_workspace("houses").rename("flats")
    assert houses.archive().archived_at is not None
    there = server.connect(workspace="flats")
    assert there.workspace().pause_reason == "the workspace is archived"
    with pytest.raises(Conflict, match="is archived"):
        there.resume_all()
    assert houses.unarchive().archived_at is None
    assert there.resume_all().paused_at is None


def test_people_are_invited_disabled_and_enabled(server: PlayedServer, client: macropod.Client) -> None:
    ada = client.invite_user("ada@example.org", "Ada")
    assert (ada.name, len(ada.password or "") >= 12, ada.password in repr(ada)) == ("Ada", True, False)
    assert client.invite_user("ben@example.org", password="x" * 12).password is None
    assert client.disable_user("Ada@example.org").enabled is False
    assert client.enable_user(ada.id).enabled is True
    assert client.disable_user(ada) == client.list_users()[0]
    with pytest.raises(NotFound, match="no user c@example"):
        client.disable_user("c@example.org")
    with pytest.raises(Conflict):
        client.disable_user("admin@localhost")


def test_a_token_tells_itself_once(server: PlayedServer, client: macropod.Client) -> None:
    made = client.create_token("ci", scope="run", workspace=client.workspace(), expires_in_days=9)
    assert made.secret.startswith("mpu_")
    assert made.secret not in repr(made)
    (listed,) = [each for each in client.list_tokens() if each.id == made.id]
    assert (listed.workspace, listed.workspace_id, listed.revoked_at) == ("default", 1, None)
    assert listed.to_dict()["workspace"] == {"id": 1, "name": "default"}
    theirs = server.connect(token=made.secret)
    me = theirs.me()
    assert (me.email, me.scope, me.is_bound, me.token_id) == ("admin@localhost", "run", True, made.id)
    with pytest.raises(Forbidden, match="scope admin"):
        theirs.list_tokens()
    client.revoke_token(made.id)
    with pytest.raises(Unauthorized, match="was revoked"):
        theirs.me()
    with pytest.raises(Invalid):
        client.create_token("ci", expires_in_days=0)


def test_what_is_told_once_is_not_asked_for_twice() -> None:
    wire = Wire(OSError("the connection broke"))
    with pytest.raises(OSError, match="broke"):
        connect(wire).post_once("/v1/tokens", json={})
    assert len(wire.requests) == 1


def test_a_workspace_acts_in_itself_and_leaves_its_client_where_it_is() -> None:
    wire = Wire(ok())
    connection = connect(wire)
    connection.within(7).get("/v1/x")
    connection.get("/v1/x")
    assert [each.headers.get("Macropod-Workspace") for each in wire.requests] == ["7", None]


def test_a_workspace_whose_name_cannot_be_sent_is_named_by_its_id(server: PlayedServer) -> None:
    with pytest.raises(Invalid, match="give its id instead"):
        server.connect(workspace="é@example.org - Default Workspace")


def test_the_workspace_of_the_next_commands(call: Call, kept: Path) -> None:
    assert call("workspace", "create", "houses", "-o", "name")[:2] == (0, "2\n")
    code, out, err = call("workspace", "use", "houses")
    assert (code, "houses" in out, str(kept) in err) == (0, True, True)
    assert json.loads(kept.read_text())["workspace"] == "2"
    assert json.loads(kept.read_text())["installation"] == "ours"
    assert '"name": "houses"' in call("-w", "houses", "workspace", "show", "-o", "json")[1]
    assert call("--workspace", "nowhere", "task", "list")[0] == 4
    assert call("workspace", "list", "-o", "name")[1] == "1\n2\n"
    kept.write_text('{"url": "http://elsewhere", "token": "x"}')
    assert "keeps no token for http://testserver" in call("workspace", "use", "houses")[2]


def test_people_on_the_command_line(call: Call) -> None:
    code, out, err = call("user", "invite", "ada@example.org", "--name", "Ada", "-o", "json")
    assert (code, "(told this once)" in err, json.loads(out)["name"]) == (0, True, "Ada")
    assert call("workspace", "add-user", "ada@example.org", "--role", "viewer")[0] == 0
    assert call("workspace", "set-role", "ada@example.org", "--role", "runner")[0] == 0
    assert "runner" in call("workspace", "members")[1]
    assert call("workspace", "remove-user", "ada@example.org", "-o", "name")[1] == "ada@example.org\n"
    assert "False" in call("user", "disable", "ada@example.org")[1]
    assert call("user", "enable", "ada@example.org")[0] == 0
    assert "ada@example.org" in call("user", "list")[1]
    assert "admin@localhost" in call("whoami")[1]


def test_a_workspace_on_the_command_line(call: Call) -> None:
    assert '"name": "flats"' in call("workspace", "rename", "flats", "-o", "json")[1]
    assert "archived at" in call("workspace", "archive")[1]
    assert call("workspace", "unarchive", "-o", "name")[1] == "1\n"


def test_tokens_on_the_command_line(call: Call) -> None:
    code, out, err = call("token", "create", "ci", "--scope", "read", "--only", "default", "--expires-in-days", 3)
    assert (code, "mpu_" in out, "told this once" in err) == (0, True, True)
    made = json.loads(call("token", "create", "other", "-o", "json")[1])
    assert (made["scope"], made["secret"][:4]) == ("run", "mpu_")
    assert "other" in call("token", "list")[1]
    assert call("token", "revoke", made["id"], "-o", "name")[1] == f"{made['id']}\n"
    assert call("token", "revoke", "nothing")[0] == 4
