"""Who may call what, and the switch."""

import pytest
from fastapi.routing import APIRoute
from macropod_server.api.listener import RunTokensOnly
from macropod_server.domain.roles import Role, Scope
from macropod_server.wallaroo_api import auth
from macropod_server.wallaroo_api.mounting import ROUTERS, is_here
from starlette.testclient import TestClient

from tests.builders import make_deps
from tests.sdk_server import PlayedServer
from tests.wallaroo_api.conftest import Caller, is_refused

OPEN = {"/v1/api/config", auth.TOKEN, auth.DEVICE}


def calls(orchestration_id, task_id, run_id):
    """By path: the role each takes, and a body that names what is in workspace 1."""
    order = {"orch_id": orchestration_id, "workspace_id": 1, "name": "x", "json": {}}
    return {
        "orchestration/get_by_id": (Role.VIEWER, {"id": orchestration_id}),
        "orchestration/list": (Role.VIEWER, {"workspace_id": 1}),
        "orchestration/list_all": (Role.VIEWER, {"workspace_ids": [1]}),
        "orchestration/delete_orchestrations": (Role.EDITOR, {"orchestrations": [orchestration_id]}),
        "task/run_once": (Role.RUNNER, order),
        "task/run_scheduled": (Role.RUNNER, order | {"schedule": "0 2 * * *"}),
        "task/run_continuously": (Role.RUNNER, order),
        "task/list": (Role.VIEWER, {"workspace_id": 1}),
        "task/get_by_id": (Role.VIEWER, {"id": task_id}),
        "task/pause": (Role.RUNNER, {"id": task_id, "pause": False}),
        "task/list_task_runs": (Role.VIEWER, {"task_id": task_id}),
        "task/get_run_details": (Role.VIEWER, {"pod_id": run_id, "task": task_id}),
        "task/get_logs_for_run": (Role.VIEWER, {"id": run_id}),
        "task/kill": (Role.RUNNER, {"id": task_id}),
    }


@pytest.fixture
def table(played, orchestration_id, task_id):
    return calls(orchestration_id, task_id, played.start().id)


@pytest.mark.parametrize("role", Role)
def test_a_role_may_do_what_it_may_everywhere_else(caller, table, role):
    somebody = caller(role)
    for path, (needed, body) in table.items():
        answer = somebody.post(path, body)
        if not role.may(needed):
            assert f"takes the role {needed}" in is_refused(answer, 403), path
        elif (path, role) != ("orchestration/delete_orchestrations", role):
            assert answer.is_success, (path, answer.text)


def test_a_token_may_no_more_than_its_scope(caller, table):
    reader = caller(Role.OWNER, scope=Scope.READ)
    for path, (needed, body) in table.items():
        assert (reader.post(path, body).status_code == 403) == (needed is not Role.VIEWER), path


def test_what_belongs_to_others_is_told_like_what_there_is_not(caller, table):
    stranger = caller()
    for path, (_, body) in table.items():
        is_refused(stranger.post(path, body), 404)
    is_refused(stranger.upload(), 404)


def test_lists_over_all_workspaces_have_what_one_belongs_to(caller, table):
    stranger = caller()
    assert stranger.post("orchestration/list_all", {}).json() == {"orchestrations": []}
    assert stranger.post("task/list", {"workspace_id": None}).json() == []
    assert len(caller(Role.VIEWER).post("task/list", {}).json()) == 1


@pytest.mark.parametrize("token", ["", "definitely_an_access_token"])
def test_who_did_not_log_in_is_refused_in_words_the_client_reads(played, table, token):
    somebody = Caller(played, token)
    for path, (_, body) in table.items():
        assert is_refused(somebody.post(path, body), 401)
    is_refused(somebody.ask("{ __schema { types { name } } }"), 401)
    is_refused(somebody.get("/v1/api/orchestration/download?id=1"), 401)


def test_no_route_answers_without_a_token(nobody):
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    assert len(routes) > 30
    assert all(is_here(route.path) for route in routes)
    for method, path in [(method, route.path) for route in routes for method in route.methods]:
        if path not in OPEN:
            assert is_refused(nobody.send(method, path.format(user_id=1)), 401), path


def test_a_header_without_bearer_is_no_token(played):
    headers = {"Authorization": "definitely_a_bearer_token_str"}
    is_refused(played.http.post("/v1/graphql", json={"query": "{ a }"}, headers=headers), 401)


def test_the_configuration_is_told_to_anybody(nobody):
    answer = nobody.get("/v1/api/config")
    assert (answer.status_code, answer.json()) == (200, {"default_arch": "x86"})


def test_a_run_reaches_its_own_workspace(played, table):
    run = Caller(played, played.deps.spawner.orders[0].token)
    assert len(run.post("task/list", {}).json()) == 1


def test_switched_off_none_of_it_is_there(tmp_path):
    deps = make_deps(tmp_path, wallaroo="off")
    deps.logs.close()
    deps.database.close()
    with PlayedServer(tmp_path, wallaroo="off") as played:
        ada = Caller(played, played.token)
        told = Caller(played, "").post("task/list", {"a": 1}).json()
        assert told["code"] == "unauthorized"
        unknown = ada.get("/v1/no-such-route")
        for answer in (ada.get("/v1/api/config"), ada.post("task/list", {}), ada.ask("{ a }"), ada.upload()):
            assert (answer.status_code, answer.json()["code"]) == (unknown.status_code, "not_found")


def test_a_container_is_told_the_configuration_before_it_shows_its_token(played, nobody):
    open_paths = played.http.app.state.open_to_containers
    with TestClient(RunTokensOnly(played.http.app, address=("testserver", 80), open_paths=open_paths)) as guarded:
        assert guarded.get("/v1/api/config").status_code == 200
        assert guarded.post("/v1/api/task/list", json={}, headers={"Authorization": "Bearer x"}).status_code == 403


def test_none_of_it_is_in_the_description_of_the_api(ada):
    assert not any(path.startswith(("/v1/api", "/v1/graphql")) for path in ada.get("/openapi.json").json()["paths"])


def test_an_error_nobody_foresaw_is_told_in_the_same_form(ada, task_id, monkeypatch):
    from macropod_server.db import tasks

    def broken(*_args, **_more):
        raise RuntimeError("secret inside")

    monkeypatch.setattr(tasks, "get", broken)
    told = is_refused(ada.post("task/get_by_id", {"id": task_id}), 500)
    assert "Its log tells more under the id" in told
    assert "secret" not in told
