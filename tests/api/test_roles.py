"""Every route, for every role, in one's own workspace and in one that is none of one's business."""

import pytest
from fastapi.routing import APIRoute
from macropod_server.db import access, accounts
from macropod_server.db.tables import Member, User, Workspace
from macropod_server.domain.roles import Role, Scope, within

from tests.api.permissions import ACCOUNTS, ANYBODY, NEEDED, OF_THE_VENDOR, Call
from tests.builders import NOON, make_task, runs_of

ENDING = [call for call in NEEDED if not call.is_endless]


def table_routes(app):
    found = []
    for route in app.routes:
        found.extend(getattr(getattr(route, "original_router", None), "routes", [route]))
    return {
        f"{method} {route.path}"
        for route in found
        if isinstance(route, APIRoute)
        for method in route.methods
        if not route.path.startswith(("/v1/runner/", *OF_THE_VENDOR)) and route.include_in_schema
    }


def add_person(deps, role, *, workspace_id=1, scope=Scope.ADMIN, is_bound=False):
    """A token of somebody who is that in the workspace; None: in no workspace but one of their own."""
    name = f"{role}-{workspace_id}-{scope}"
    with deps.database.write() as session:
        home = Workspace(name=f"home of {name}", created_at=NOON)
        session.add(home)
        session.flush()
        person = User(id=f"id of {name}", email=f"{name}@example.org", name=name, created_at=NOON)
        session.add(person)
        session.flush()
        session.add(Member(workspace_id=home.id, user_id=person.id, role=Role.OWNER, created_at=NOON))
        if role:
            session.add(Member(workspace_id=workspace_id, user_id=person.id, role=role, created_at=NOON))
        facts = {"workspace_id": workspace_id if role else home.id, "user_id": person.id, "is_bound": is_bound}
        access.add_token(session, f"mpu_{name}", name="a token", scope=scope, now=NOON, **facts)
    return f"mpu_{name}"


@pytest.fixture
def ask(deps, stranger):
    task = make_task(deps)
    with deps.database.read() as session:
        admin = accounts.first_admin(session)
    names = {"task_id": task.id, "orchestration_id": task.orchestration_id, "run_id": runs_of(deps, task)[0].id}

    def ask(call, token, **headers):
        method, path = call.route.split(" ")
        path = path.replace(":path", "").format(**names | {"name": "pool", "workspace_id": 1, "user_id": admin.id})
        headers |= {"Authorization": f"Bearer {token}"}
        return stranger.request(method, path, params=call.params, json=call.json, headers=headers)

    return ask


def test_every_route_has_a_row(app):
    assert table_routes(app) == {call.route for call in NEEDED + ACCOUNTS} | ANYBODY


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("call", ENDING, ids=lambda call: call.route)
def test_a_role_may_do_what_it_is_there_for_and_no_more(deps, ask, call, role):
    answer = ask(call, add_person(deps, role))
    if role.may(call.role):
        assert answer.status_code not in (401, 403, 500), answer.text
    else:
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
        assert f"takes the role {call.role}" in answer.json()["message"]


@pytest.mark.parametrize("call", [call for call in NEEDED if call.is_of_object], ids=lambda call: call.route)
def test_what_belongs_to_others_is_not_there(deps, ask, call):
    stranger = add_person(deps, None)
    answer = ask(call, stranger)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("call", [call for call in NEEDED if not call.is_of_object], ids=lambda call: call.route)
def test_a_workspace_one_does_not_belong_to_cannot_be_named(deps, ask, call):
    stranger = add_person(deps, None)
    for name in ("default", "1", "there is none"):
        answer = ask(call, stranger, **{"Macropod-Workspace": name})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert f"no workspace {name!r} in reach" in answer.json()["message"]


def test_a_workspace_is_named_by_its_name_or_id(deps, ask):
    stranger, info = add_person(deps, Role.VIEWER), Call("GET /v1/info", Role.VIEWER)
    home = ask(info, stranger, **{"Macropod-Workspace": "home of viewer-1-admin"}).json()["workspace"]
    assert home["name"] == "home of viewer-1-admin"
    assert ask(info, stranger, **{"Macropod-Workspace": str(home["id"])}).json()["workspace"] == home
    assert ask(info, stranger).json()["workspace"] == {"id": 1, "name": "default"}


def test_a_token_that_is_bound_reaches_no_other_workspace_of_its_user(deps, ask):
    bound = add_person(deps, Role.VIEWER, is_bound=True)
    answer = ask(Call("GET /v1/info", Role.VIEWER), bound, **{"Macropod-Workspace": "home of viewer-1-admin"})
    assert answer.status_code == 404


@pytest.mark.parametrize("scope", Scope)
def test_a_token_may_no_more_than_its_scope(deps, ask, scope):
    token = add_person(deps, Role.OWNER, scope=scope)
    for call in ENDING:
        is_allowed = within(Role.OWNER, scope).may(call.role)
        assert (ask(call, token).status_code != 403) == is_allowed, call.route


def test_a_former_member_is_told_what_to_do(deps, ask):
    token = add_person(deps, Role.VIEWER)
    with deps.database.write() as session:
        session.delete(session.get_one(Member, (1, "id of viewer-1-admin")))
    answer = ask(Call("GET /v1/info", Role.VIEWER), token)
    assert (answer.status_code, "no workspace any more" in answer.json()["message"]) == (403, True)
