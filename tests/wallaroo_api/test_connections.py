"""Connections: who reaches one, who may read what it leads to, and in which words it is refused."""

import pytest
from macropod_server.domain.roles import Role, Scope

from tests.wallaroo_api.conftest import Caller, is_refused

WISH = {"name": "warehouse", "type": "postgres", "details": {"host": "db", "auth": {"password": "hush hush"}}}


@pytest.fixture
def warehouse(ada):
    return ada.post("connections/create", WISH).json()["id"]


def names(caller, **wish):
    return [each["name"] for each in caller.post("connections/list", wish).json()["connections"]]


def link(connection_id, workspace_id=1):
    return {"workspace_id": workspace_id, "connection_id": connection_id}


def test_a_connection_is_told_by_name_and_id_with_what_it_leads_to(ada, warehouse):
    told = ada.post("connections/get", {"name": "warehouse"}).json()
    assert told == ada.post("connections/get_by_id", {"id": warehouse}).json()
    assert told.keys() == {"id", "name", "type", "details", "created_at", "workspace_names"}
    assert told.items() >= {**WISH, "id": warehouse, "workspace_names": []}.items()
    assert ada.post("connections/list").json() == {"connections": [told]}


def test_it_is_in_a_workspace_once_it_is_added_to_it(ada, warehouse):
    assert names(ada, workspace_id=1) == []
    for _ in range(2):
        assert ada.post("connections/add_to_workspace", link(warehouse)).json() == {"id": warehouse}
    assert names(ada, workspace_id=1) == ["warehouse"]
    assert ada.post("connections/get", {"name": "warehouse"}).json()["workspace_names"] == ["default"]
    for _ in range(2):
        answer = ada.post("connections/remove_from_workspace", link(warehouse))
        assert (answer.status_code, answer.content) == (204, b"")
    assert names(ada, workspace_id=1) == []


def test_a_name_is_taken_once_and_there_is_nothing_by_an_unknown_one(ada, caller, warehouse):
    for somebody in (ada, caller()):
        assert "already" in is_refused(somebody.post("connections/create", WISH), 409)
    is_refused(ada.post("connections/get", {"name": "unknown"}), 404)
    is_refused(ada.post("connections/get_by_id", {"id": "unknown"}), 404)
    is_refused(ada.post("connections/create", {"name": "no details", "type": "x"}), 400)


def test_it_is_deleted_with_its_links(ada, warehouse):
    ada.post("connections/add_to_workspace", link(warehouse))
    answer = ada.post("connections/delete", {"name": "warehouse"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert names(ada) == names(ada, workspace_id=1) == []


def test_until_it_is_added_somewhere_nobody_but_who_made_it_reaches_it(ada, caller, warehouse):
    editor = caller(Role.EDITOR)
    assert names(editor) == []
    is_refused(editor.post("connections/get", {"name": "warehouse"}), 404)
    is_refused(editor.post("connections/add_to_workspace", link(warehouse)), 404)
    is_refused(editor.post("connections/delete", {"name": "warehouse"}), 404)


@pytest.mark.parametrize("role", Role)
def test_in_a_workspace_it_is_seen_by_members_and_opened_by_editors(ada, caller, warehouse, role):
    ada.post("connections/add_to_workspace", link(warehouse))
    member = caller(role)
    told = member.post("connections/get", {"name": "warehouse"}).json()
    assert told["details"] == (WISH["details"] if role.may(Role.EDITOR) else None)
    assert names(member) == names(member, workspace_id=1) == ["warehouse"]
    home = member.post("workspaces/list").json()["workspaces"][-1]["id"]
    answer = member.post("connections/add_to_workspace", link(warehouse, home))
    assert answer.status_code == (200 if role.may(Role.EDITOR) else 403)


def test_a_token_that_may_only_read_opens_and_changes_nothing(played, caller, warehouse):
    reader = caller(Role.OWNER, scope=Scope.READ)
    is_refused(reader.post("connections/create", WISH | {"name": "another"}), 403)
    is_refused(reader.post("connections/add_to_workspace", link(warehouse)), 403)


def test_only_where_it_was_made_it_is_deleted(ada, caller, warehouse):
    ada.post("connections/add_to_workspace", link(warehouse))
    assert "made in another workspace" in is_refused(
        caller(Role.EDITOR).post("connections/delete", {"name": "warehouse"}), 403
    )
    is_refused(caller(Role.VIEWER, workspace_id=1).post("connections/delete", {"name": "warehouse"}), 403)


def test_what_belongs_to_others_is_not_there(caller, warehouse):
    stranger = caller()
    is_refused(stranger.post("connections/list", {"workspace_id": 1}), 404)
    is_refused(stranger.post("connections/remove_from_workspace", link(warehouse)), 404)


def test_a_bound_token_makes_it_in_its_workspace(caller):
    bound = caller(Role.EDITOR, is_bound=True)
    bound.post("connections/create", WISH)
    assert names(bound, workspace_id=1) == ["warehouse"]
    is_refused(caller(Role.VIEWER, is_bound=True).post("connections/create", WISH), 403)


@pytest.fixture
def thrown_out(ada, caller):
    """Made the warehouse in workspace 1 as an editor, and belongs to it no more."""
    editor = caller(Role.EDITOR)
    editor.send("POST", "/v1/connections", json=WISH, headers={"Macropod-Workspace": "1"})
    assert names(editor) == ["warehouse"]
    ada.post("workspaces/remove_user", {"workspace_id": 1, "user_id": "id of editor-1-admin"})
    return editor


def test_who_was_removed_from_its_workspace_reaches_what_they_made_there_no_more(ada, thrown_out):
    home = thrown_out.post("workspaces/list").json()["workspaces"][0]["id"]
    assert names(thrown_out) == []
    told = ada.post("connections/get", {"name": "warehouse"}).json()
    is_refused(thrown_out.post("connections/get", {"name": "warehouse"}), 404)
    is_refused(thrown_out.post("connections/add_to_workspace", link(told["id"], home)), 404)
    is_refused(thrown_out.post("connections/delete", {"name": "warehouse"}), 404)
    for method, path in (("POST", "warehouse/details"), ("POST", "warehouse/link"), ("DELETE", "warehouse")):
        headers = {"Macropod-Workspace": str(home)}
        assert thrown_out.send(method, f"/v1/connections/{path}", headers=headers).status_code == 404, path


def test_in_an_archived_workspace_none_is_deleted(ada):
    ada.send("POST", "/v1/connections", json=WISH)
    ada.send("PATCH", "/v1/workspaces/1", json={"archived": True})
    assert "is archived" in is_refused(ada.post("connections/delete", {"name": "warehouse"}), 400)
    assert names(ada) == ["warehouse"]


def test_of_the_workspaces_it_is_in_those_in_reach_are_told(ada, caller, warehouse):
    there = ada.post("workspaces/create", {"workspace_name": "hidden"}).json()["workspace_id"]
    for workspace_id in (1, there):
        ada.post("connections/add_to_workspace", link(warehouse, workspace_id))
    for somebody, expected in ((ada, ["default", "hidden"]), (caller(Role.VIEWER), ["default"])):
        assert somebody.post("connections/get", {"name": "warehouse"}).json()["workspace_names"] == expected
        assert somebody.get("/v1/connections/warehouse").json()["workspace_names"] == expected


def test_what_cannot_be_told_is_left_out_of_a_list(played, ada, task_id):
    run = Caller(played, played.start().token)
    ada.put("/v1/secrets/password", {"value": "hunter22"})
    secret = {"name": "broken", "type": "x", "details": {"password": {"secret": "password"}}}
    for wish in (WISH, secret):
        assert ada.send("POST", "/v1/connections", json=wish).status_code == 201
    ada.send("DELETE", "/v1/secrets/password")
    told = run.post("connections/list").json()["connections"]
    assert [(each["name"], each["details"]) for each in told] == [("broken", None), ("warehouse", WISH["details"])]
    assert "'password'" in is_refused(run.post("connections/get", {"name": "broken"}), 400)


def test_a_run_gets_an_answer_once_its_runner_knows_what_to_hide(played, ada, task_id, warehouse, monkeypatch):
    awaited = []

    async def noted(_deps, run_id):
        awaited.append(run_id)

    monkeypatch.setattr("macropod_server.wallaroo_api.connections.until_hidden", noted)
    started = played.start()
    ada.post("connections/add_to_workspace", link(warehouse))
    for somebody in (ada, Caller(played, started.token)):
        somebody.post("connections/get", {"name": "warehouse"})
        somebody.post("connections/get_by_id", {"id": warehouse})
        somebody.post("connections/list")
    assert awaited == [started.id] * 3


def test_a_run_reaches_what_its_workspace_has_and_gets_the_values(played, ada, task_id, warehouse):
    run = Caller(played, played.start().token)
    assert names(run) == []
    is_refused(run.post("connections/get", {"name": "warehouse"}), 404)
    ada.post("connections/add_to_workspace", link(warehouse))
    assert run.post("connections/get", {"name": "warehouse"}).json()["details"] == WISH["details"]
    assert names(run) == ["warehouse"]
