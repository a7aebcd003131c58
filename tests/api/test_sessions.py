"""Sign in over HTTP: what is answered, what is refused and how."""

from dataclasses import replace

import pytest
from macropod_server.db.tables import DeviceLogin
from macropod_server.domain.naming import run_token
from macropod_server.domain.roles import Scope
from macropod_server.flows.device_login import approve_device_login, deny_device_login
from macropod_server.throttle import LIMITS, Kind, Throttle

from tests.api.test_roles import add_person
from tests.builders import all_rows
from tests.people import EMAIL, PASSWORD, make_person

ADA = {"email": EMAIL, "password": PASSWORD}


@pytest.fixture
def ada(deps):
    return make_person(deps)


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def signed_in(ada, stranger):
    return stranger.post("/v1/session", json=ADA).json()


def test_signing_in_answers_as_oauth_does(ada, stranger):
    answer = stranger.post("/v1/session", json=ADA)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    told = answer.json()
    assert told["token_type"] == "Bearer"
    assert (told["expires_in"], told["refresh_expires_in"]) == (300, 43200)
    home = stranger.get("/v1/info", headers=bearer(told["access_token"])).json()["workspace"]
    assert home["id"] == ada.default_workspace_id


def test_a_wrong_password_is_401_without_a_word_of_what_was_sent(ada, stranger):
    answer = stranger.post("/v1/session", json=ADA | {"password": "hunter2hunter2"})
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert "hunter2" not in answer.text


@pytest.mark.parametrize(
    "wish",
    [
        {"email": EMAIL},
        {"password": PASSWORD},
        ADA | {"password": 7},
        ADA | {"password": PASSWORD * 150},
        ADA | {"x": PASSWORD},
    ],
)
def test_what_is_no_log_in_is_refused_without_repeating_it(stranger, wish):
    answer = stranger.post("/v1/session", json=wish)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert PASSWORD not in answer.text


def test_who_tries_too_often_is_told_when_to_come_again(app, deps, ada, stranger):
    app.state.deps = replace(deps, throttle=Throttle(LIMITS | {Kind.WRONG_FOR_ACCOUNT_HERE: "1 per 5 minutes"}))
    answers = [stranger.post("/v1/session", json=ADA | {"password": "wrong"}) for _ in range(2)]
    assert [each.status_code for each in answers] == [401, 429]
    assert answers[-1].headers["retry-after"] == "300"
    assert answers[-1].json()["code"] == "too_many"


def test_a_long_body_of_somebody_without_a_token_is_not_read(stranger):
    answer = stranger.post("/v1/session", content=b"x" * 20_000)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_a_session_is_refreshed(deps, stranger, signed_in):
    deps.clock.advance(minutes=6)
    assert stranger.get("/v1/info", headers=bearer(signed_in["access_token"])).status_code == 401
    answer = stranger.post("/v1/session/refresh", json={"refresh_token": signed_in["refresh_token"]})
    assert answer.json()["refresh_token"] == signed_in["refresh_token"]
    assert stranger.get("/v1/info", headers=bearer(answer.json()["access_token"])).status_code == 200


def test_a_refresh_token_is_no_access_token(stranger, signed_in):
    assert stranger.get("/v1/info", headers=bearer(signed_in["refresh_token"])).status_code == 401
    answer = stranger.post("/v1/session/refresh", json={"refresh_token": signed_in["access_token"]})
    assert answer.status_code == 401


def test_who_signs_out_is_out_at_once(stranger, signed_in):
    headers = bearer(signed_in["access_token"])
    assert stranger.delete("/v1/session", headers=headers).status_code == 204
    assert stranger.get("/v1/info", headers=headers).status_code == 401
    answer = stranger.post("/v1/session/refresh", json={"refresh_token": signed_in["refresh_token"]})
    assert (answer.status_code, "session is over" in answer.json()["message"]) == (401, True)


def test_a_person_sees_their_sessions_and_ends_one(deps, stranger, signed_in):
    deps.clock.advance(minutes=1)
    other = stranger.post("/v1/session", json=ADA).json()
    headers = bearer(other["access_token"])
    items = stranger.get("/v1/sessions", headers=headers).json()["items"]
    assert [each["is_current"] for each in items] == [True, False]
    assert {each["how"] for each in items} == {"password"}
    assert signed_in["refresh_token"] not in str(items)
    assert stranger.delete(f"/v1/sessions/{items[1]['id']}", headers=headers).status_code == 204
    assert stranger.get("/v1/info", headers=bearer(signed_in["access_token"])).status_code == 401
    assert len(stranger.get("/v1/sessions", headers=headers).json()["items"]) == 1


def test_sessions_of_others_are_not_there(deps, stranger, signed_in):
    eve = make_person(deps, "eve@example.org")
    theirs = stranger.post("/v1/session", json=ADA | {"email": eve.email}).json()["access_token"]
    (own,) = stranger.get("/v1/sessions", headers=bearer(signed_in["access_token"])).json()["items"]
    answer = stranger.delete(f"/v1/sessions/{own['id']}", headers=bearer(theirs))
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_token_that_is_no_session_cannot_sign_out(client):
    answer = client.delete("/v1/session")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


@pytest.mark.parametrize("scope", [Scope.READ, Scope.RUN, Scope.EDIT])
def test_neither_a_narrow_token_nor_a_run_reaches_sessions(deps, stranger, run, scope):
    for token in (add_person(deps, "owner", scope=scope), run_token(run.id, key=deps.run_key)):
        for method, path in (("GET", "/v1/sessions"), ("DELETE", "/v1/session"), ("DELETE", "/v1/sessions/x")):
            assert stranger.request(method, path, headers=bearer(token)).status_code == 403


def test_a_run_gets_an_access_token_for_its_own(deps, stranger, run):
    answer = stranger.post("/v1/session/refresh", json={"refresh_token": run_token(run.id, key=deps.run_key)})
    headers = bearer(answer.json()["access_token"])
    assert stranger.get(f"/v1/runs/{run.id}", headers=headers).status_code == 200
    assert stranger.get("/v1/runner/spec", headers=headers).status_code == 403


def test_a_device_is_let_in_once_its_user_said_yes(deps, ada, stranger):
    begun = stranger.post("/v1/session/device").json()
    assert begun["verification_uri_complete"] == f"http://testserver/device?code={begun['user_code']}"
    asked = {"device_code": begun["device_code"]}
    answer = stranger.post("/v1/session/device/token", json=asked)
    assert (answer.status_code, answer.json()["code"]) == (400, "authorization_pending")
    answer = stranger.post("/v1/session/device/token", json=asked)
    assert (answer.status_code, answer.json()["code"]) == (400, "slow_down")
    approve_device_login(deps, begun["user_code"], ada.id, now=deps.clock())
    answer = stranger.post("/v1/session/device/token", json=asked)
    assert answer.status_code == 200
    assert stranger.get("/v1/info", headers=bearer(answer.json()["access_token"])).status_code == 200
    answer = stranger.post("/v1/session/device/token", json=asked)
    assert (answer.status_code, answer.json()["code"]) == (400, "expired_token")


def test_a_device_whose_user_said_no_is_told(deps, ada, stranger):
    begun = stranger.post("/v1/session/device").json()
    deny_device_login(deps, begun["user_code"], ada.id, now=deps.clock())
    answer = stranger.post("/v1/session/device/token", json={"device_code": begun["device_code"]})
    assert (answer.status_code, answer.json()["code"]) == (400, "access_denied")
    assert all_rows(deps, DeviceLogin) == []
