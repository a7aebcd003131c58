"""Sign in and out in a browser: forms that are ours, cookies nobody else gets, texts people understand."""

from dataclasses import replace

import pytest
from macropod_server.app import create_app
from macropod_server.db.tables import UserSession
from macropod_server.throttle import LIMITS, Kind, Throttle
from starlette.testclient import TestClient

from tests.browser import Browser
from tests.builders import all_rows
from tests.people import EMAIL, PASSWORD, disable


def test_who_signs_in_is_taken_where_they_wanted_to_go(ada, browser):
    answer = browser.sign_in(EMAIL, PASSWORD, "/device?code=WDJB-MJHT")
    assert (answer.status_code, answer.headers["location"]) == (303, "/device?code=WDJB-MJHT")
    assert f"<strong>{EMAIL}</strong>" in browser.open("/account").text
    assert browser.open("/sign-in").headers["location"] == "/account"


@pytest.mark.parametrize(
    "goes_to", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:x", "x", "/a\nb"]
)
def test_nobody_is_led_to_another_site(ada, browser, goes_to):
    assert browser.sign_in(EMAIL, PASSWORD, goes_to).headers["location"] == "/account"


def test_a_wrong_password_is_told_and_the_address_stays(ada, browser):
    answer = browser.sign_in(EMAIL, "wrong wrong wrong")
    assert answer.status_code == 401
    assert "E-mail address or password is wrong." in answer.text
    assert f'value="{EMAIL}"' in answer.text
    assert "wrong wrong" not in answer.text


def test_what_was_typed_is_shown_as_text(browser):
    answer = browser.sign_in('"><script>alert(1)</script>', "x")
    assert "<script" not in answer.text
    assert "&lt;script&gt;" in answer.text


def test_who_tries_too_often_is_told_to_wait(ada, deps, browser):
    few = Throttle(LIMITS | {Kind.WRONG_FOR_ACCOUNT_HERE: "1 per 5 minutes"})
    browser.client.app.state.deps = replace(deps, throttle=few)
    browser.sign_in(EMAIL, "wrong")
    answer = browser.sign_in(EMAIL, PASSWORD)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "300")
    assert "Try again in 5 minutes." in answer.text


def test_the_cookie_is_for_pages_alone_and_kept_as_a_digest(ada, deps, browser):
    browser.sign_in(EMAIL, PASSWORD)
    told = browser.page.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= {each.strip() for each in told.split(";")}
    secret = browser.client.cookies["macropod"]
    (row,) = all_rows(deps, UserSession)
    assert secret not in row.model_dump_json()
    refused = browser.client.get("/v1/info", headers={"Authorization": f"Bearer {secret}"})
    assert refused.status_code == 401
    assert browser.client.post("/v1/session/refresh", json={"refresh_token": secret}).status_code == 401
    assert browser.client.get("/v1/info").status_code == 401


def test_a_refresh_token_is_no_cookie(ada, browser):
    told = browser.client.post("/v1/session", json={"email": EMAIL, "password": PASSWORD}).json()
    browser.client.cookies.set("macropod", told["refresh_token"])
    assert browser.open("/account").headers["location"] == "/sign-in"


def test_over_https_cookies_are_for_this_host_and_https_alone(ada, deps):
    safe = replace(deps, settings=replace(deps.settings, public_url="https://macropod.example.org"))
    with TestClient(create_app(safe, with_engine=False), base_url="https://testserver", follow_redirects=False) as it:
        browser = Browser(it)
        told = browser.sign_in(EMAIL, PASSWORD).headers["set-cookie"]
        assert told.startswith("__Host-macropod=mpc_")
        assert "Secure" in told
        assert browser.open("/account").status_code == 200


def test_a_form_that_is_not_ours_signs_nobody_in(ada, browser):
    for word in ("", "x", "\u00e9"):
        fields = {"email": EMAIL, "password": PASSWORD, "word": word}
        answer = browser.client.post("/sign-in", data=fields)
        assert (answer.status_code, "another site" in answer.text) == (403, True)
    browser.open("/sign-in")
    browser.client.cookies.clear()
    assert browser.send("/sign-in", email=EMAIL, password=PASSWORD).status_code == 403


def test_who_signs_out_is_out(ada, browser):
    browser.sign_in(EMAIL, PASSWORD)
    secret = browser.client.cookies["macropod"]
    assert browser.client.post("/sign-out").status_code == 403
    browser.open("/account")
    assert browser.send("/sign-out").headers["location"] == "/signed-out"
    assert "Signed out" in browser.open("/signed-out").text
    browser.client.cookies.set("macropod", secret)
    assert browser.open("/account").headers["location"] == "/sign-in"


def test_a_disabled_account_is_out_at_once(ada, deps, browser):
    browser.sign_in(EMAIL, PASSWORD)
    disable(deps, ada)
    assert browser.open("/account").headers["location"] == "/sign-in"
    assert "is disabled" in browser.sign_in(EMAIL, PASSWORD).text


@pytest.mark.parametrize("path", ["/sign-in", "/signed-out", "/device", "/sign-in/provider"])
def test_pages_let_nothing_foreign_in(browser, path):
    answer = browser.open(path)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert (answer.headers["x-content-type-options"], answer.headers["referrer-policy"]) == ("nosniff", "no-referrer")
    assert answer.headers["cache-control"] == "no-store"
    assert not any(each in answer.text for each in ("<script", "style=", "<style", "http://", "https://"))


def test_what_pages_need_is_served(browser):
    assert browser.open("/static/macropod.css").headers["content-type"].startswith("text/css")
    assert browser.open("/static/macropod.svg").status_code == 200


def test_pages_are_not_part_of_the_api(browser):
    assert not [
        path
        for path in browser.open("/openapi.json").json()["paths"]
        if not path.startswith(("/v1/", "/health", "/metrics"))
    ]
