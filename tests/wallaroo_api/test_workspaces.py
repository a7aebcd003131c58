"""Workspaces, members and users."""

import pytest
from macropod_server.domain.roles import Role, Scope

from tests.people import make_person
from tests.wallaroo_api.conftest import Caller, is_refused
from tests.wallaroo_api.test_graph import DEFAULT, MAKE, REMOVE


@pytest.fixture
def zoe(played):
    return make_person(played.deps, "zoe@example.org")


def members(somebody):
    return [each["user_id"] for each in somebody.post("workspaces/list_users", {"workspace_id": 1}).json()["users"]]


def test_a_new_workspace_is_in_the_list(ada):
    answer = ada.post("workspaces/create", {"workspace_name": "houses"})
    assert answer.status_code == 200
    assert isinstance(answer.json()["workspace_id"], int)
    listed = ada.post("workspaces/list", {"user_id": "somebody else"}).json()["workspaces"]
    assert [each["name"] for each in listed] == ["default", "houses"]
    assert listed[0].keys() == {"id", "name", "created_at", "created_by", "archived", "models", "pipelines"}
    assert None not in listed[0].values()


def test_a_name_that_is_taken_or_none_is_refused(ada):
    ada.post("workspaces/create", {"workspace_name": "houses"})
    assert "already" in is_refused(ada.post("workspaces/create", {"workspace_name": "houses"}), 400)
    for name in ("1st", "a b", "", "ends-", "x" * 64):
        is_refused(ada.post("workspaces/create", {"workspace_name": name}), 400)


@pytest.mark.parametrize(
    ("user_type", "role", "told"),
    [("collaborator", Role.EDITOR, "COLLABORATOR"), ("owner", Role.OWNER, "OWNER"), ("OWNER", Role.OWNER, "OWNER")],
)
def test_members_are_added_and_removed(ada, played, zoe, user_type, role, told):
    wish = {"email": zoe.email, "user_id": zoe.id, "workspace_id": 1, "url": "http://localhost:3000"}
    assert ada.post("workspaces/add_user", wish | {"user_type": user_type}).json() == {}
    members = ada.post("workspaces/list_users", {"workspace_id": 1}).json()["users"]
    assert {"user_id": zoe.id, "user_type": told} in members
    removal = {"workspace_id": 1, "email": zoe.email}
    assert ada.post("workspaces/remove_user", removal).json() == {"affected_rows": 1}
    assert ada.post("workspaces/remove_user", removal).json() == {"affected_rows": 0}


def test_who_is_added_again_loses_nothing_by_it(ada, zoe):
    wish = {"user_id": zoe.id, "workspace_id": 1}
    for user_type in ("owner", "collaborator"):
        ada.post("workspaces/add_user", wish | {"user_type": user_type})
    members = ada.post("workspaces/list_users", {"workspace_id": 1}).json()["users"]
    assert {"user_id": zoe.id, "user_type": "OWNER"} in members


def test_only_owners_say_who_belongs_to_it_and_anybody_may_leave(ada, caller, zoe):
    editor = caller(Role.EDITOR)
    wish = {"user_id": zoe.id, "workspace_id": 1, "user_type": "collaborator"}
    assert "takes the role owner" in is_refused(editor.post("workspaces/add_user", wish), 403)
    is_refused(editor.post("workspaces/remove_user", wish), 403)
    is_refused(caller().post("workspaces/add_user", wish), 404)
    leaving = {"user_id": "id of editor-1-admin", "workspace_id": 1}
    assert editor.post("workspaces/remove_user", leaving).json() == {"affected_rows": 1}


def test_nobody_is_removed_in_their_name_by_a_run_of_theirs_or_a_token_that_may_less(ada, played, caller, zoe, task_id):
    ada.post("workspaces/add_user", {"user_id": zoe.id, "workspace_id": 1, "user_type": "owner"})
    me = next(each for each in members(ada) if each != zoe.id)
    run = Caller(played, played.start().token)
    reader = caller(Role.VIEWER, scope=Scope.READ)
    for somebody, user_id in ((run, me), (reader, "id of viewer-1-read")):
        is_refused(somebody.post("workspaces/remove_user", {"user_id": user_id, "workspace_id": 1}), 403)
        told = somebody.ask(REMOVE, user_id=user_id, workspace_id=1).json()
        assert "takes the role owner" in told["errors"][0]["message"]
        assert somebody.send("DELETE", f"/v1/workspaces/1/members/{user_id}").status_code == 403
        assert user_id in members(ada)


def test_who_may_not_remove_others_does_not_learn_who_has_an_account(caller, zoe):
    editor = caller(Role.EDITOR)
    for email in (zoe.email, "nobody@example.org"):
        is_refused(editor.post("workspaces/remove_user", {"email": email, "workspace_id": 1}), 403)


def test_the_last_owner_stays(ada):
    (member,) = ada.post("workspaces/list_users", {"workspace_id": 1}).json()["users"]
    is_refused(ada.post("workspaces/remove_user", {"workspace_id": 1, "user_id": member["user_id"]}), 400)
    answer = ada.ask(REMOVE, user_id=member["user_id"], workspace_id=1).json()
    assert "only owner" in answer["errors"][0]["message"]


def test_members_are_removed_by_a_mutation_too(ada, zoe):
    ada.post("workspaces/add_user", {"user_id": zoe.id, "workspace_id": 1})
    assert ada.ask(REMOVE, user_id=zoe.id, workspace_id=1).json() == {
        "data": {"delete_workspace_users": {"affected_rows": 1}}
    }


def test_a_default_workspace_is_made_for_the_caller_and_once_only(ada, caller):
    somebody = caller()
    made = {
        somebody.ask(MAKE, user_id="another", workspace_name="another's").json()["data"]["insert_workspace_one"]["id"]
        for _ in range(2)
    }
    assert len(made) == 1
    names = [each["name"] for each in somebody.post("workspaces/list").json()["workspaces"]]
    assert "None-1-admin@example.org - Default Workspace" in names
    assert ada.ask(DEFAULT).json()["data"]["user_default_workspace"][0]["workspace"]["id"] == 1


def test_users_are_found_by_address_id_and_all_together(ada, zoe):
    users = "/auth/admin/realms/master/users"
    (found,) = ada.get(users, params={"email": "Zoe@example.org"}).json()
    assert found == ada.get(f"{users}/{zoe.id}").json()
    assert (found["username"], found["enabled"]) == (zoe.email, True)
    assert isinstance(found["createdTimestamp"], int)
    assert ada.get(users, params={"email": "nobody@example.org"}).json() == []
    assert ada.get(users, params={"email": "no address"}).json() == []
    is_refused(ada.get(f"{users}/unknown"), 404)
    assert ada.post("users/query", {"user_ids": [zoe.id]}).json() == {"users": {zoe.id: found}}
    assert ada.post("users/query").json()["users"].keys() > {zoe.id}


def test_admins_invite_and_shut_out_and_nobody_else_does(ada, caller, zoe):
    invited = ada.post("users/invite", {"email": "bob@example.org", "password": "a long password"}).json()
    assert invited["password"] == "a long password"
    path = f"/auth/admin/realms/master/users/{invited['id']}"
    for enabled in (False, True):
        answer = ada.put(path, ada.get(path).json() | {"enabled": enabled})
        assert (answer.status_code, answer.content) == (204, b"")
        assert ada.get(path).json()["enabled"] is enabled
    assert len(ada.post("users/invite", {"email": "eve@example.org"}).json()["password"]) >= 12
    is_refused(ada.post("users/invite", {"email": "eve@example.org"}), 400)
    is_refused(caller().post("users/invite", {"email": "mallory@example.org"}), 403)
    is_refused(caller(Role.OWNER).put(path, {"enabled": False}), 403)


def test_the_last_admin_is_not_shut_out(ada):
    me = ada.post("workspaces/list_users", {"workspace_id": 1}).json()["users"][0]["user_id"]
    is_refused(ada.put(f"/auth/admin/realms/master/users/{me}", {"enabled": False}), 400)
