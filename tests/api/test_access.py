"""Who may call what: people with tokens, runs with theirs while they live, nobody else."""

import json
import re

import pytest
from fastapi.routing import APIRoute
from macropod_server.api.listener import RunTokensOnly
from macropod_server.db.tables import Token
from macropod_server.domain.naming import run_token
from macropod_server.domain.run import Reason
from macropod_server.flows.finish_run import Ending, finish_run
from macropod_server.flows.issue_token import Kept, issue_token, leave_credentials, save_token
from macropod_server.flows.refresh_session import refresh_session
from macropod_server.flows.sign_in import sign_in
from macropod_server.flows.start_run import start_runs
from starlette.testclient import TestClient

from tests.api.permissions import OF_THE_VENDOR
from tests.builders import NOON, all_rows, make_task, runs_of
from tests.people import PASSWORD, make_person

OPEN = {
    "GET /sign-in",
    "POST /sign-in",
    "GET /sign-in/provider",
    "GET /sign-in/callback",
    "GET /account",
    "GET /device",
    "POST /device",
    "POST /sign-out",
    "GET /signed-out",
    "GET /health/live",
    "GET /health/ready",
    "POST /v1/session",
    "POST /v1/session/refresh",
    "POST /v1/session/device",
    "POST /v1/session/device/token",
}


def routes(app):
    found = []
    for route in app.routes:
        found.extend(getattr(getattr(route, "original_router", None), "routes", [route]))
    return [
        (method, re.sub(r"\{.*?\}", "0", route.path))
        for route in found
        if isinstance(route, APIRoute)
        for method in route.methods
        if f"{method} {route.path}" not in OPEN and not route.path.startswith(OF_THE_VENDOR)
    ]


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def run(deps):
    task = make_task(deps)
    start_runs(deps)
    return runs_of(deps, task)[0]


def test_no_route_answers_without_a_token(app, stranger):
    table = routes(app)
    assert len(table) >= 18
    for method, path in table:
        answer = stranger.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized"), (method, path)


@pytest.mark.parametrize("token", ["", "x", "mpu_00", "mpr_x_y", run_token("0", key=b"another installation")])
def test_no_route_answers_an_unknown_token(app, stranger, token):
    for method, path in routes(app):
        assert stranger.request(method, path, headers=bearer(token)).status_code in (401, 403), (method, path)


def test_health_needs_no_token(stranger):
    assert stranger.get("/health/live").json() == {"status": "live"}
    assert stranger.get("/health/ready").json() == {"status": "ready"}


def test_a_run_acts_in_its_workspace_only_while_it_lives(deps, stranger, run):
    headers = bearer(run_token(run.id, key=deps.run_key))
    assert stranger.get(f"/v1/runs/{run.id}", headers=headers).status_code == 200
    finish_run(deps, run.id, Ending(Reason.COMPLETED), now=deps.clock())
    answer = stranger.get(f"/v1/runs/{run.id}", headers=headers)
    assert (answer.status_code, "ended with the run" in answer.json()["message"]) == (401, True)


def test_the_runner_may_repeat_its_last_report_for_a_minute(deps, stranger, run):
    headers = bearer(run_token(run.id, key=deps.run_key))
    end = {"reason": "completed", "exit_code": 0}
    assert stranger.post("/v1/runner/end", json=end, headers=headers).status_code == 204
    assert stranger.post("/v1/runner/end", json=end, headers=headers).status_code == 204
    assert stranger.post("/v1/runner/lines?first=1", content=b"", headers=headers).status_code == 401
    deps.clock.advance(seconds=61)
    assert stranger.post("/v1/runner/end", json=end, headers=headers).status_code == 401


def test_runner_calls_take_no_persons_token(client):
    assert client.get("/v1/runner/spec").status_code == 403


def test_only_digests_of_tokens_are_stored(deps, token):
    (row,) = all_rows(deps, Token)
    assert token not in row.model_dump_json()
    assert token.startswith("mpu_")


def leave(deps, path, *, url="http://127.0.0.1:1", installation_id="ours"):
    return leave_credentials(deps.database, path, url=url, installation_id=installation_id, now=NOON)


def test_the_first_start_leaves_a_token_that_works_in_a_private_file(deps, stranger, tmp_path):
    path = tmp_path / "config" / "credentials.json"
    assert leave(deps, path) is Kept.OURS
    assert path.stat().st_mode & 0o777 == 0o600
    left = json.loads(path.read_text())
    assert stranger.get("/v1/info", headers=bearer(left["token"])).status_code == 200


def test_a_later_start_keeps_the_token_and_renews_the_address(deps, tmp_path):
    path = tmp_path / "credentials.json"
    leave(deps, path)
    before = json.loads(path.read_text())
    assert leave(deps, path, url="http://127.0.0.1:2") is Kept.OURS
    assert json.loads(path.read_text()) == before | {"url": "http://127.0.0.1:2"}
    assert len(all_rows(deps, Token)) == 1


def test_a_later_start_keeps_the_workspace_its_user_chose(deps, tmp_path):
    path = tmp_path / "credentials.json"
    leave(deps, path)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"workspace": "7"}))
    assert leave(deps, path, url="http://127.0.0.1:2") is Kept.OURS
    assert json.loads(path.read_text())["workspace"] == "7"


def test_what_was_kept_for_another_server_is_left_alone(deps, tmp_path):
    path = tmp_path / "credentials.json"
    path.write_text('{"url": "https://elsewhere.example", "token": "mpu_theirs"}')
    assert leave(deps, path) is Kept.OTHERS
    assert "mpu_theirs" in path.read_text()
    assert all_rows(deps, Token) == []


def test_a_copy_that_knows_the_token_does_not_take_over_the_file_of_its_original(deps, tmp_path):
    path = tmp_path / "credentials.json"
    leave(deps, path)
    before = path.read_text()
    assert leave(deps, path, url="http://127.0.0.1:2", installation_id="copy") is Kept.OTHERS
    assert path.read_text() == before
    assert leave(deps, path, installation_id="copy") is Kept.OURS


def test_what_a_person_kept_by_hand_is_not_redirected(deps, tmp_path):
    path = tmp_path / "credentials.json"
    token = issue_token(deps.database, name="somebody's", now=NOON)
    path.write_text(json.dumps({"url": "http://tunnel:1", "token": token}))
    assert leave(deps, path) is Kept.OTHERS
    assert json.loads(path.read_text())["url"] == "http://tunnel:1"


def test_a_token_that_was_saved_is_this_installations(deps, tmp_path):
    path = tmp_path / "credentials.json"
    token = issue_token(deps.database, name="somebody's", now=NOON)
    save_token(deps.database, path, token, url="http://127.0.0.1:1", now=NOON)
    assert leave(deps, path, url="http://127.0.0.1:2", installation_id=deps.installation_id) is Kept.OURS


def test_a_lost_credentials_file_is_not_replaced_by_stealth(deps, tmp_path):
    issue_token(deps.database, name="somebody's", now=NOON)
    assert leave(deps, tmp_path / "credentials.json") is Kept.NOBODYS
    assert not (tmp_path / "credentials.json").exists()


def test_the_address_of_containers_takes_access_tokens_of_runs(app, deps, run):
    person, own = make_person(deps), run_token(run.id, key=deps.run_key)
    of_run = refresh_session(deps, own, now=deps.clock()).access_token
    of_person = sign_in(deps, person.email, PASSWORD, address="", now=deps.clock()).access_token
    with TestClient(RunTokensOnly(app, address=("testserver", 80))) as client:
        assert client.get("/v1/info", headers=bearer(of_run)).status_code == 200
        assert client.get("/v1/info", headers=bearer(of_run[:-3] + "xyz")).status_code == 401
        assert client.get("/v1/info", headers=bearer(of_person)).status_code == 403


def test_the_address_of_containers_answers_runs_only(app, deps, token, run):
    guarded = RunTokensOnly(app, address=("testserver", 80))
    with TestClient(guarded) as client:
        for headers in ({}, bearer(token)):
            assert client.get("/v1/info", headers=headers).status_code == 403
        assert client.get("/health/live").status_code == 403
        assert client.get("/v1/info", headers=bearer(run_token(run.id, key=deps.run_key))).status_code == 200
