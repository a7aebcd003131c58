"""What the vendor's calls change is in the audit log as if it were done by the others."""

import pytest
from macropod_server.domain.roles import Role, Scope

from tests.people import make_person
from tests.wallaroo_api.conftest import Caller
from tests.wallaroo_api.test_connections import WISH, link
from tests.wallaroo_api.test_graph import MAKE, REMOVE


@pytest.fixture
def zoe(played):
    return make_person(played.deps, "zoe@example.org")


def newest(somebody, path="/v1/audit"):
    entry = somebody.get(path).json()["items"][0]
    return entry["action"], entry["object_kind"], entry["object_id"]


def test_what_is_done_to_a_task_is_told_to_owners(caller, task_id):
    owner, runner = caller(Role.OWNER), caller(Role.RUNNER)
    assert newest(owner) == ("tasks.create", "task", task_id)
    for is_pause, action in ((True, "tasks.pause"), (False, "tasks.resume")):
        runner.post("task/pause", {"id": task_id, "pause": is_pause})
        assert newest(owner) == (action, "task", task_id)
    runner.post("task/kill", {"id": task_id})
    assert newest(owner) == ("tasks.kill", "task", task_id)


def test_each_orchestration_that_is_deleted_has_an_entry(ada):
    ids = [ada.upload().json()["id"] for _ in range(2)]
    assert newest(ada) == ("orchestrations.upload", "orchestration", ids[1])
    ada.post("orchestration/delete_orchestrations", {"orchestrations": ids, "confirm_delete": True})
    entries = ada.get("/v1/audit?action=orchestrations.delete").json()["items"]
    assert [each["object_id"] for each in entries] == ids[::-1]


def test_who_is_added_and_removed_is_named(ada, zoe):
    for leave in (
        lambda: ada.post("workspaces/remove_user", {"user_id": zoe.id, "workspace_id": 1}),
        lambda: ada.ask(REMOVE, user_id=zoe.id, workspace_id=1),
    ):
        ada.post("workspaces/add_user", {"email": zoe.email, "workspace_id": 1})
        assert newest(ada) == ("members.add", "user", zoe.id)
        leave()
        assert newest(ada) == ("members.remove", "user", zoe.id)


def test_workspaces_that_are_made_are_named(ada, caller):
    everywhere = "/v1/audit?everywhere=true"
    made = ada.post("workspaces/create", {"workspace_name": "houses"}).json()["workspace_id"]
    assert newest(ada, everywhere) == ("workspaces.create", "workspace", str(made))
    home = caller().ask(MAKE, user_id="x", workspace_name="x").json()["data"]["insert_workspace_one"]["id"]
    assert newest(ada, everywhere) == ("workspaces.create", "workspace", str(home))


def test_connections_are_named_also_where_a_run_is_told_them(played, ada, task_id):
    made = ada.post("connections/create", WISH).json()["id"]
    run = Caller(played, played.start().token)
    for path, body, action in (
        ("add_to_workspace", link(made), "link"),
        ("remove_from_workspace", link(made), "unlink"),
        ("add_to_workspace", link(made), "link"),
    ):
        ada.post(f"connections/{path}", body)
        assert newest(ada) == (f"connections.{action}", "connection", "warehouse")
    run.post("connections/list")
    assert newest(ada) == ("connections.details", "connection", "warehouse")


def test_who_may_only_read_gets_a_workspace_there_is_and_makes_none(caller):
    reader = caller(scope=Scope.READ)
    before = reader.post("workspaces/list").json()
    assert "scope admin" in reader.ask(MAKE, user_id="x", workspace_name="x").json()["errors"][0]["message"]
    assert reader.post("workspaces/list").json() == before


def test_a_run_and_who_has_a_default_workspace_are_told_it(played, ada, task_id):
    for somebody in (ada, Caller(played, played.start().token)):
        told = somebody.ask(MAKE, user_id="x", workspace_name="x").json()
        assert told == {"data": {"insert_workspace_one": {"id": 1}}}
