"""Sign in through a provider: only with what it signed, for us, now, for this log-in, and with a verified address."""

from dataclasses import replace

import pytest
from macropod_server.db.tables import AuditEntry, Member, OutsideIdentity, User, UserSession
from macropod_server.throttle import LIMITS, Kind, Throttle

from tests.builders import NOON, all_rows
from tests.people import disable, make_person

SECONDS = int(NOON.timestamp())


@pytest.fixture
def deps(deps_with_provider):
    return deps_with_provider


@pytest.fixture
def browser(browser_with_provider):
    return browser_with_provider


def leave(browser, goes_to="/account"):
    return browser.open("/sign-in/provider", next=goes_to).headers["location"]


def sign_in(browser, provider):
    return browser.open("/sign-in/callback", **provider.sign_in(leave(browser)))


def refused(answer, status, text):
    assert (answer.status_code, "location" in answer.headers) == (status, False)
    assert text in answer.text
    return True


def test_who_comes_for_the_first_time_gets_an_account_and_a_workspace(deps, browser, provider):
    assert "Sign in with the school" in browser.open("/sign-in").text
    brought = provider.sign_in(leave(browser, "/device"))
    answer = browser.open("/sign-in/callback", **brought)
    assert (answer.status_code, answer.headers["location"]) == (303, "/device")
    (ada,) = [each for each in all_rows(deps, User) if not each.is_admin]
    assert (ada.email, ada.name, ada.password_hash) == ("ada@example.org", "Ada Lovelace", None)
    (member,) = [each for each in all_rows(deps, Member) if each.user_id == ada.id]
    assert (member.workspace_id, member.role) == (ada.default_workspace_id, "owner")
    assert "ada@example.org" in browser.open("/account").text


def test_who_comes_again_is_the_same_whatever_their_address(deps, browser, provider):
    sign_in(browser, provider)
    provider.claims = {"email": "lovelace@example.org", "email_verified": False}
    browser.client.cookies.clear()
    assert sign_in(browser, provider).status_code == 303
    assert len(all_rows(deps, User)) == 2
    assert all_rows(deps, OutsideIdentity)[0].email == "lovelace@example.org"
    assert {each.how for each in all_rows(deps, UserSession)} == {"oidc"}


def test_an_account_there_is_is_linked_by_a_verified_address(deps, browser, provider):
    ada = make_person(deps)
    sign_in(browser, provider)
    assert [each.user_id for each in all_rows(deps, OutsideIdentity)] == [ada.id]


@pytest.mark.parametrize("said", [False, None, "true", 1])
def test_an_address_that_is_not_verified_gets_nobody_in(deps, browser, provider, said):
    make_person(deps)
    provider.claims = {"email_verified": said}
    assert refused(sign_in(browser, provider), 403, "is verified")
    assert all_rows(deps, OutsideIdentity) + all_rows(deps, UserSession) == []


@pytest.mark.parametrize(
    ("claims", "told"),
    [
        ({"nonce": "another"}, "of another log-in"),
        ({"nonce": None}, "of another log-in"),
        ({"aud": "another"}, "for another program"),
        ({"aud": ["another", "x"]}, "for another program"),
        ({"azp": "another"}, "for another program"),
        ({"iss": "https://evil.example"}, "of another issuer"),
        ({"exp": SECONDS - 61}, "is over"),
        ({"exp": None}, "is over"),
        ({"iat": SECONDS + 120}, "not yet good"),
        ({"sub": None}, "who it was"),
        ({"sub": "x" * 300}, "who it was"),
    ],
)
def test_an_id_token_that_is_not_for_this_log_in_gets_nobody_in(deps, browser, provider, claims, told):
    provider.claims = claims
    assert refused(sign_in(browser, provider), 401, told)
    assert all_rows(deps, UserSession) == []


def test_what_the_provider_did_not_sign_gets_nobody_in(deps, browser, provider):
    provider.signs_with = "a stranger's"
    assert refused(sign_in(browser, provider), 401, "did not sign")


def test_a_new_key_of_the_provider_is_asked_for(deps, browser, provider):
    sign_in(browser, provider)
    provider.keys, provider.signs_with = ["one", "two"], "two"
    deps.clock.advance(minutes=2)
    browser.client.cookies.clear()
    assert sign_in(browser, provider).status_code == 303


def test_a_code_is_good_once(deps, browser, provider):
    login = leave(browser)
    brought, carried = provider.sign_in(login), dict(browser.client.cookies)
    assert browser.open("/sign-in/callback", **brought).status_code == 303
    browser.client.cookies.update(carried)
    assert refused(browser.open("/sign-in/callback", **brought), 401, "does not take this log-in")


def test_what_another_browser_began_is_not_taken(deps, browser, provider):
    brought = provider.sign_in(leave(browser))
    assert refused(browser.open("/sign-in/callback", **brought | {"state": "x"}), 401, "begun elsewhere")
    assert refused(browser.open("/sign-in/callback", **brought), 401, "begun elsewhere")
    assert all_rows(deps, UserSession) == []


def test_a_log_in_that_took_too_long_is_not_taken(deps, browser, provider):
    brought = provider.sign_in(leave(browser))
    deps.clock.advance(minutes=10)
    assert refused(browser.open("/sign-in/callback", **brought), 401, "too long ago")


def test_what_the_provider_says_of_a_refusal_is_not_repeated(browser):
    answer = browser.open("/sign-in/callback", error="access_denied", error_description="call 555-1234")
    assert refused(answer, 403, "did not sign you in")
    assert "555" not in answer.text


def test_a_disabled_account_does_not_come_in(deps, browser, provider):
    disable(deps, make_person(deps))
    assert refused(sign_in(browser, provider), 401, "is disabled")


@pytest.mark.parametrize(
    ("metadata", "told"),
    [
        ({"issuer": "https://evil.example"}, "another issuer"),
        ({"token_endpoint": None}, "where it is asked"),
        ({"authorization_endpoint": "http://evil.example/authorize"}, "not https"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "not https"),
    ],
)
def test_a_provider_that_leads_elsewhere_is_not_followed(browser, provider, metadata, told):
    provider.metadata = metadata
    assert refused(browser.open("/sign-in/provider"), 503, told)


@pytest.mark.parametrize(
    "host", ["http://169.254.169.254/keys", "https://10.0.0.1/keys", "https://evil.example/keys", "file:///etc/passwd"]
)
def test_hosts_nobody_named_are_not_asked(browser, provider, host):
    provider.metadata = {"jwks_uri": host}
    assert sign_in(browser, provider).status_code == 503


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_not_followed(browser, provider, status):
    provider.answers["/.well-known/openid-configuration"] = (status, {"Location": f"{provider.issuer}/keys"}, b"")
    assert refused(browser.open("/sign-in/provider"), 503, f"answered {status}")
    assert "/keys" not in provider.asked


@pytest.mark.parametrize("body", [b"x" * (1024**2 + 1), b"[]", b"{", b"\xff", b"[" * 100_000])
def test_answers_that_are_none_or_too_long_are_refused(browser, provider, body):
    provider.answers["/.well-known/openid-configuration"] = (200, {}, body)
    assert browser.open("/sign-in/provider").status_code == 503


def test_a_provider_that_is_away_is_told(browser, provider):
    provider.close()
    answer = browser.open("/sign-in/provider")
    assert (answer.status_code, "does not answer" in answer.text) == (503, True)
    provider.close = lambda: None


def test_only_people_of_the_domains_that_are_let_in_come_in(deps, browser, provider):
    strict = replace(deps, settings=replace(deps.settings, oidc_allowed_domains="example.com"))
    browser.client.app.state.deps = strict
    assert refused(sign_in(browser, provider), 403, "People with an address at example.org do not come in here.")
    provider.claims = {"email": "ada@EXAMPLE.com"}
    assert sign_in(browser, provider).status_code == 303


def test_codes_are_not_tried_without_end(deps, browser, provider):
    few = Throttle(LIMITS | {Kind.WRONG_HERE: "2 per minute"})
    browser.client.app.state.deps = replace(deps, throttle=few)
    provider.claims = {"aud": "another"}
    assert [sign_in(browser, provider).status_code for _ in range(3)] == [401, 401, 429]


def test_an_address_that_the_provider_gave_to_somebody_else_brings_nobody_into_the_account(deps, browser, provider):
    sign_in(browser, provider)
    provider.claims = {"sub": "the successor"}
    browser.client.cookies.clear()
    assert refused(sign_in(browser, provider), 403, "belongs to another person of this provider")
    assert len(all_rows(deps, OutsideIdentity)) == 1


def test_who_came_for_the_first_time_and_what_was_linked_stands_in_the_audit_log(deps, browser, provider):
    make_person(deps)
    sign_in(browser, provider)
    provider.claims = {"sub": "another", "email": "new@example.org"}
    browser.client.cookies.clear()
    sign_in(browser, provider)
    found = [(entry.action, entry.actor, entry.facts) for entry in all_rows(deps, AuditEntry)]
    assert ("users.link", "ada@example.org", {"issuer": provider.issuer}) in found
    assert ("users.come", "new@example.org", {"issuer": provider.issuer}) in found
