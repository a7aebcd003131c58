"""Log-in: what goes over the wire, and the page for devices."""

import json
from base64 import urlsafe_b64decode

import pytest
from macropod_server.wallaroo_api.auth import DEVICE, TOKEN

from tests.browser import Browser
from tests.people import EMAIL, PASSWORD, disable, make_person
from tests.wallaroo_api.conftest import Caller, is_refused

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@pytest.fixture
def person(played):
    return make_person(played.deps)


def log_in(played, grant_type, **fields):
    return played.http.post(TOKEN, data={"client_id": "sdk-client", "grant_type": grant_type, **fields})


def claims_of(token):
    middle = token.split(".")[1]
    return json.loads(urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))


def test_a_password_gives_tokens_with_the_claims_the_client_reads(played, person):
    answer = log_in(played, "password", username=EMAIL, password=PASSWORD)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    told = answer.json()
    assert told["expires_in"] > 10
    assert told["refresh_expires_in"] > told["expires_in"]
    claims = claims_of(told["access_token"])
    assert (claims["sub"], claims["email"]) == (person.id, EMAIL)
    assert len(Caller(played, told["access_token"]).post("workspaces/list").json()["workspaces"]) == 1


def test_a_refresh_token_is_good_more_than_once(played, person):
    refresh = log_in(played, "password", username=EMAIL, password=PASSWORD).json()["refresh_token"]
    for _ in range(3):
        answer = log_in(played, "refresh_token", refresh_token=refresh)
        assert answer.json()["refresh_token"] == refresh
        assert claims_of(answer.json()["access_token"])["email"] == EMAIL


@pytest.mark.parametrize(
    ("grant_type", "fields", "status", "word"),
    [
        ("password", {"username": EMAIL, "password": "wrong"}, 401, "invalid_grant"),
        ("password", {"username": "nobody@example.org", "password": PASSWORD}, 401, "invalid_grant"),
        ("password", {}, 401, "invalid_grant"),
        ("refresh_token", {"refresh_token": "wrong"}, 401, "invalid_grant"),
        (DEVICE_GRANT, {"device_code": "wrong"}, 400, "expired_token"),
        ("client_credentials", {}, 400, "invalid_request"),
    ],
)
def test_a_refusal_is_worded_as_oauth_has_it(played, person, grant_type, fields, status, word):
    answer = log_in(played, grant_type, **fields)
    assert (answer.status_code, answer.json()["error"]) == (status, word)
    assert answer.json()["error_description"]


def test_who_is_shut_out_gets_nothing_not_even_with_what_they_have(played, person):
    told = log_in(played, "password", username=EMAIL, password=PASSWORD).json()
    disable(played.deps, person)
    assert log_in(played, "password", username=EMAIL, password=PASSWORD).status_code == 401
    assert log_in(played, "refresh_token", refresh_token=told["refresh_token"]).status_code == 401
    is_refused(Caller(played, told["access_token"]).post("workspaces/list"), 401)


def test_who_tries_too_often_is_told_to_wait(played, person):
    for _ in range(10):
        log_in(played, "password", username=EMAIL, password="wrong")
    answer = log_in(played, "password", username=EMAIL, password=PASSWORD)
    assert (answer.status_code, answer.json()["error"]) == (429, "too_many")
    assert int(answer.headers["Retry-After"]) > 0


def test_a_run_refreshes_with_its_own_token(played, ada, task_id):
    run = played.start()
    for _ in range(2):
        told = log_in(played, "refresh_token", refresh_token=run.token).json()
        assert claims_of(told["access_token"])["email"]
        assert len(Caller(played, told["access_token"]).post("task/list").json()) == 1


def begin(played):
    told = played.http.post(DEVICE, data={"client_id": "sdk-client"}).json()
    assert told["verification_uri_complete"].startswith("http://testserver/device?code=")
    assert told["interval"] > 0
    return told


def poll(played, device):
    played.clock.advance(seconds=10)
    return log_in(played, DEVICE_GRANT, device_code=device["device_code"])


def answer_page(played, device, answer):
    browser = Browser(played.http)
    browser.sign_in(EMAIL, PASSWORD)
    browser.open(device["verification_uri_complete"])
    return browser.send("/device", answer=answer)


def test_a_device_waits_until_its_user_says_yes(played, person):
    device = begin(played)
    assert poll(played, device).json()["error"] == "authorization_pending"
    assert "Device signed in" in answer_page(played, device, "approve").text
    told = poll(played, device).json()
    assert claims_of(told["access_token"])["sub"] == person.id
    assert poll(played, device).json()["error"] == "expired_token"


def test_a_device_whose_user_says_no_is_turned_away(played, person):
    device = begin(played)
    answer_page(played, device, "deny")
    assert poll(played, device).json()["error"] == "access_denied"


def test_a_device_that_asks_too_often_is_told_so(played):
    device = begin(played)
    poll(played, device)
    assert log_in(played, DEVICE_GRANT, device_code=device["device_code"]).json()["error"] == "slow_down"


def test_a_long_form_is_refused(played):
    is_refused(played.http.post(TOKEN, data={"grant_type": "x" * 20_000}), 413)
