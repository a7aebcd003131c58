"""Calls about users, workspaces, members and tokens: whose token it takes, and what they do."""

from datetime import timedelta

import pytest
from macropod_server.db import accounts
from macropod_server.domain.naming import run_token
from macropod_server.domain.passwords import password_hash
from macropod_server.domain.roles import Role, Scope
from macropod_server.flows.change_members import set_member
from macropod_server.flows.create_workspace import give_default_workspace
from macropod_server.flows.make_token import make_token

from tests.api.permissions import ACCOUNTS, Holder
from tests.builders import NOON, WORKSPACE, a_zip, make_task, runs_of

PASSWORD = "correct horse battery"


class Person:
    """Somebody with a token, and what the server answers them."""

    def __init__(self, deps, http, name, *, role=None, scope=Scope.ADMIN, bound_to=None, **facts):
        facts = {"name": name, "password_hash": None, "is_admin": False, "now": NOON} | facts
        with deps.database.write() as session:
            self.user = accounts.add_user(session, f"{name}@example.org", **facts)
            give_default_workspace(session, self.user.id, now=NOON)
        self.id, self._http = self.user.id, http
        if role:
            set_member(deps, WORKSPACE, self.id, role, now=NOON)
        facts = {"user_id": self.id, "scope": scope, "workspace_id": bound_to, "now": NOON}
        self.secret, self.token = make_token(deps, name="laptop", **facts)

    def ask(self, method, path, json=None, *, token=None, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        headers["Authorization"] = f"Bearer {token or self.secret}"
        return self._http.request(method, f"/v1/{path}", json=json, headers=headers)

    def told(self, method, path, json=None, **more):
        answer = self.ask(method, path, json, **more)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None


@pytest.fixture
def person(deps, stranger):
    return lambda name="ada", **facts: Person(deps, stranger, name, **facts)


@pytest.fixture
def admin(deps, stranger):
    """Of the server: the one of the first start, who owns the first workspace."""
    with deps.database.read() as session:
        first = accounts.first_admin(session)
    admin = object.__new__(Person)
    admin.user, admin.id, admin._http = first, first.id, stranger
    admin.secret, admin.token = make_token(deps, user_id=first.id, name="admin", scope=Scope.ADMIN, now=NOON)
    return admin


def refusal(answer):
    return answer.status_code, answer.json()["message"]


@pytest.fixture
def holders(deps, person):
    """A token of each kind."""
    (run,) = runs_of(deps, make_task(deps))
    ada = person(scope=Scope.READ)
    bound = person("bound", role=Role.OWNER, bound_to=None)
    home = bound.user.default_workspace_id
    secret, _ = make_token(deps, user_id=bound.id, name="b", scope=Scope.ADMIN, workspace_id=home, now=NOON)
    return ada, {
        Holder.RUN: run_token(run.id, key=deps.run_key),
        Holder.PERSON: ada.secret,
        Holder.SCOPE_ADMIN: secret,
        Holder.UNBOUND: bound.secret,
        Holder.ADMIN: person("boss", is_admin=True).secret,
    }


@pytest.mark.parametrize("call", ACCOUNTS, ids=lambda call: call.route)
def test_each_call_takes_the_token_it_needs(holders, call):
    ada, tokens = holders
    method, path = call.route.format(user_id=ada.id, token_id=ada.token.id).split(" /v1/")
    for holder, token in tokens.items():
        status = ada.ask(method, path, call.json, token=token).status_code
        assert (status == 403) == (holder < call.holder), (holder, status)
        assert status not in (401, 500)


def test_a_workspace_is_made_listed_renamed_and_shown(person):
    ada = person()
    made = ada.told("POST", "workspaces", {"name": "houses"})
    assert (made["role"], made["created_by"], made["archived_at"]) == ("owner", ada.id, None)
    assert refusal(ada.ask("POST", "workspaces", {"name": "houses"}))[0] == 409
    assert ada.ask("POST", "workspaces", {"name": "a b"}).json()["details"][0]["where"] == "name"
    names = [each["name"] for each in ada.told("GET", "workspaces")["items"]]
    assert names == ["ada@example.org - Default Workspace", "houses"]
    path = f"workspaces/{made['id']}"
    assert ada.told("PATCH", path, {"name": "flats"})["name"] == "flats"
    assert ada.told("PATCH", path, {"name": "flats"}) == ada.told("GET", path)
    assert ada.told("GET", "workspace", Macropod_Workspace="flats") == ada.told("GET", path)


@pytest.mark.parametrize("name", ["2", "99", "x", "\u0661", "99999999999999999999"])
def test_a_workspace_of_others_is_not_there(person, admin, name):
    ada = person(role=Role.OWNER)
    assert ada.ask("GET", "workspaces/1").status_code == 200
    status, message = refusal(admin.ask("GET", f"workspaces/{name}"))
    assert (status, "no workspace" in message) == (404, True)


def test_members_are_added_changed_and_removed(person, admin):
    ada = person()
    path = "workspaces/1/members"
    assert admin.told("POST", path, {"email": "ADA@example.org"})["role"] == "editor"
    assert admin.told("POST", path, {"email": "ada@example.org"})["role"] == "editor"
    assert refusal(admin.ask("POST", path, {"email": "ada@example.org", "role": "viewer"}))[0] == 409
    assert refusal(admin.ask("POST", path, {"email": "no@example.org"}))[0] == 404
    assert admin.told("PUT", f"{path}/{ada.id}", {"role": "viewer"})["role"] == "viewer"
    assert [each["role"] for each in ada.told("GET", path)["items"]] == ["viewer", "owner"]
    assert ada.told("GET", f"{path}/{ada.id}")["email"] == "ada@example.org"
    assert ada.ask("DELETE", f"{path}/{admin.id}").status_code == 403
    admin.told("DELETE", f"{path}/{ada.id}")
    assert admin.ask("DELETE", f"{path}/{ada.id}").status_code == 404
    assert admin.ask("GET", f"{path}/{ada.id}").status_code == 404
    assert ada.ask("GET", path).status_code == 404


def test_anybody_may_leave_but_the_last_owner(person, admin):
    ada = person(role=Role.VIEWER)
    ada.told("DELETE", f"workspaces/1/members/{ada.id}")
    assert refusal(admin.ask("DELETE", f"workspaces/1/members/{admin.id}"))[0] == 409


def test_a_token_that_may_only_read_does_not_leave(person):
    ada = person(role=Role.OWNER, scope=Scope.READ)
    assert ada.ask("DELETE", f"workspaces/1/members/{ada.id}").status_code == 403


def test_in_an_archived_workspace_nothing_changes_and_reading_goes_on(deps, person, admin):
    ada, task = person(role=Role.VIEWER), make_task(deps)
    (run,) = runs_of(deps, task)
    archived = admin.told("PATCH", "workspaces/1", {"archived": True})
    assert (archived["pause_reason"], archived["paused_by"]) == ("the workspace is archived", "admin@localhost")
    for method, path, json in (
        ("POST", f"tasks/{task.id}/pause", None),
        ("PUT", "pools/x", {"size": 2}),
        ("POST", "workspace/resume", None),
        ("PATCH", "workspaces/1", {"name": "other"}),
        ("PUT", f"workspaces/1/members/{ada.id}", {"role": "editor"}),
    ):
        status, message = refusal(admin.ask(method, path, json))
        assert (status, "is archived" in message) == (409, True), path
    assert ada.told("GET", f"runs/{run.id}")["status"] == "queued"
    assert admin.told("POST", f"tasks/{task.id}/kill")["status"] == "killed"
    ada.told("DELETE", f"workspaces/1/members/{ada.id}")
    opened = admin.told("PATCH", "workspaces/1", {"archived": False, "name": "again"})
    assert (opened["archived_at"], opened["name"], opened["paused_at"] is None) == (None, "again", False)
    assert admin.told("POST", "workspace/resume")["paused_at"] is None


def test_a_person_is_invited_with_a_password_that_is_told_once(person, admin):
    made = admin.told("POST", "users", {"email": "Ben@example.org", "name": "Ben"})
    assert (made["email"], made["name"], len(made["password"]) >= 12) == ("ben@example.org", "Ben", True)
    assert admin.told("POST", "users", {"email": "c@example.org", "password": PASSWORD})["password"] is None
    assert refusal(admin.ask("POST", "users", {"email": "ben@example.org"}))[0] == 409
    answer = admin.ask("POST", "users", {"email": "d@example.org", "password": "tooshort"})
    assert (answer.status_code, "tooshort" in answer.text) == (422, False)
    assert [each["email"] for each in person().told("GET", "users")["items"]][1] == "admin@localhost"


def test_who_one_is_and_what_one_may_change_of_it(person):
    ada = person(role=Role.VIEWER, password_hash=password_hash(PASSWORD))
    me = ada.told("GET", "users/me")
    assert (me["email"], me["scope"], me["is_bound"], me["token_id"]) == (
        ada.user.email,
        "admin",
        False,
        ada.token.id,
    )
    assert ada.told("PATCH", "users/me", {"name": "Ada"})["name"] == "Ada"
    new = {"password": "another long password"}
    assert ada.ask("PATCH", "users/me", new).json()["details"][0]["where"] == "old_password"
    assert ada.ask("PATCH", "users/me", new | {"old_password": "wrong"}).status_code == 422
    ada.told("PATCH", "users/me", new | {"old_password": PASSWORD})
    assert ada.ask("PATCH", "users/me", new | {"old_password": PASSWORD}).status_code == 422


def test_an_admin_disables_and_enables(person, admin):
    ada = person()
    assert admin.told("PATCH", f"users/{ada.id}", {"enabled": False, "password": "y" * 12})["enabled"] is False
    assert ada.ask("GET", "users/me").status_code == 401
    assert admin.told("PATCH", f"users/{ada.id}", {"enabled": True, "is_admin": True})["is_admin"]
    assert ada.told("GET", "users/me")["is_admin"]
    assert refusal(admin.ask("PATCH", f"users/{admin.id}", {"enabled": False}))[0] == 409
    assert refusal(admin.ask("PATCH", "users/nobody", {"enabled": False}))[0] == 404


def test_a_token_is_told_once_and_refused_once_revoked(person):
    ada = person()
    made = ada.told("POST", "tokens", {"name": "ci", "scope": "run", "expires_in_days": 90})
    assert made["secret"].startswith("mpu_")
    assert (made["workspace"], made["expires_at"]) == (None, (NOON + timedelta(days=90)).isoformat()[:-6] + "Z")
    assert ada.told("GET", "users/me", token=made["secret"])["scope"] == "run"
    listed = ada.told("GET", "tokens")["items"]
    assert {each["name"] for each in listed} == {"ci", "laptop"}
    assert made["secret"] not in str(listed)
    ada.told("DELETE", f"tokens/{made['id']}")
    ada.told("DELETE", f"tokens/{made['id']}")
    assert refusal(ada.ask("GET", "users/me", token=made["secret"]))[0] == 401
    assert ada.ask("DELETE", f"tokens/{person('ben').token.id}").status_code == 404


@pytest.mark.parametrize(
    ("wish", "where"),
    [
        ({"name": ""}, "name"),
        ({"scope": "all"}, "scope"),
        ({"expires_in_days": 0}, "expires_in_days"),
        ({"expires_in_days": 1, "expires_at": "2030-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
    ],
)
def test_what_no_token_can_be(person, wish, where):
    answer = person().ask("POST", "tokens", {"name": "ci"} | wish)
    assert (answer.status_code, answer.json()["details"][0]["where"]) == (422, where)


def test_a_token_for_one_workspace_sees_and_makes_such_for_it_only(deps, person):
    ada = person(role=Role.VIEWER)
    home = ada.told("GET", "users/me")["default_workspace_id"]
    bound = ada.told("POST", "tokens", {"name": "bound", "scope": "admin", "workspace": "default"})
    assert bound["workspace"] == {"id": 1, "name": "default"}
    made = ada.told("POST", "tokens", {"name": "made"}, token=bound["secret"])
    assert made["workspace"] == bound["workspace"]
    for other in (home, "nowhere"):
        answer = ada.ask("POST", "tokens", {"name": "x", "workspace": other}, token=bound["secret"])
        assert (answer.status_code, "no workspace" in answer.json()["message"]) == (404, True)
    assert ada.ask("GET", "sessions", token=bound["secret"]).status_code == 403
    listed = ada.told("GET", "tokens", token=bound["secret"])["items"]
    assert {each["name"] for each in listed} == {"bound", "made"}
    assert [each["id"] for each in ada.told("GET", "workspaces", token=bound["secret"])["items"]] == [1]
    assert ada.ask("DELETE", f"tokens/{ada.token.id}", token=bound["secret"]).status_code == 404


def test_a_token_that_ends_makes_none_that_goes_on_after_it(person):
    ada = person()
    day = ada.told("POST", "tokens", {"name": "day", "scope": "admin", "expires_in_days": 1})
    for wish in ({}, {"expires_in_days": 90}):
        made = ada.told("POST", "tokens", {"name": "made"} | wish, token=day["secret"])
        assert made["expires_at"] == day["expires_at"]


def test_the_default_flavor_of_a_workspace_is_that_of_what_is_uploaded(client):
    changed = client.patch("/v1/workspaces/1", json={"default_flavor": "data"})
    assert (changed.status_code, changed.json()["default_flavor"]) == (200, "data")
    made = client.post("/v1/orchestrations", files={"file": ("a.zip", a_zip())}).json()
    assert made["flavor"] == "data"
    assert client.patch("/v1/workspaces/1", json={"default_flavor": "sweet"}).status_code == 422
    client.patch("/v1/workspaces/1", json={"archived": True})
    assert client.patch("/v1/workspaces/1", json={"default_flavor": "plain"}).status_code == 409
