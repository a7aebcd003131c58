"""Log-in: what goes over the wire, and the page for devices."""

import json
import re
from base64 import urlsafe_b64decode

import pytest
from macropod_server.wallaroo_api.auth import DEVICE, TOKEN
from macropod_server.wallaroo_api.device_page import PATH

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
    assert told["verification_uri_complete"].startswith("http://testserver/auth/")
    assert told["interval"] > 0
    return told


def poll(played, device):
    played.clock.advance(seconds=10)
    return log_in(played, DEVICE_GRANT, device_code=device["device_code"])


def answer_page(played, device, **fields):
    form = {"user_code": device["user_code"], "email": EMAIL, "password": PASSWORD, "is_me": "yes"}
    return played.http.post(PATH, data=form | fields)


def test_a_device_waits_until_its_user_says_yes(played, person):
    device = begin(played)
    assert poll(played, device).json()["error"] == "authorization_pending"
    page = played.http.get(device["verification_uri_complete"])
    assert re.search(rf'name="user_code" value="{device["user_code"]}"', page.text)
    said = answer_page(played, device)
    assert (said.status_code, "logged in as ada@example.org" in said.text) == (200, True)
    told = poll(played, device).json()
    assert claims_of(told["access_token"])["sub"] == person.id
    assert poll(played, device).json()["error"] == "expired_token"


def test_a_device_whose_user_says_no_is_turned_away(played, person):
    device = begin(played)
    assert "turned away" in answer_page(played, device, is_me="no").text
    assert poll(played, device).json()["error"] == "access_denied"


@pytest.mark.parametrize(
    ("spoilt", "status", "told"),
    [
        ({"password": "wrong"}, 401, "E-mail address or password is wrong."),
        ({"user_code": "BCDF-GHJK"}, 404, "No device waits for this code."),
        ({"user_code": "<script>"}, 404, "No device waits for this code."),
    ],
)
def test_what_is_wrong_is_told_on_the_page_and_lets_nobody_in(played, person, spoilt, status, told):
    device = begin(played)
    page = answer_page(played, device, **spoilt)
    assert (page.status_code, told in page.text) == (status, True)
    assert "<script>" not in page.text
    assert PASSWORD not in page.text
    assert poll(played, device).json()["error"] == "authorization_pending"


def test_a_form_without_its_fields_is_told_on_the_page(played):
    page = played.http.post(PATH, data={"user_code": "x"})
    assert page.status_code == 400
    assert "is missing" in page.text


def test_the_page_loads_nothing_and_is_shown_in_no_frame(played):
    headers = played.http.get(PATH).headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"


def test_a_long_form_is_refused(played):
    is_refused(played.http.post(TOKEN, data={"grant_type": "x" * 20_000}), 413)
