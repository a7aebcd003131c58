"""Say yes to a device in a browser; never without seeing whose account and which code."""

import pytest
from macropod_server.db.tables import AuditEntry, DeviceLogin
from macropod_server.flows.device_login import begin_device_login

from tests.builders import all_rows
from tests.people import EMAIL, PASSWORD, make_person


@pytest.fixture
def begun(deps, ada):
    return begin_device_login(deps, now=deps.clock())


@pytest.fixture
def signed_in(browser, ada):
    browser.sign_in(EMAIL, PASSWORD)
    return browser


def test_who_is_not_signed_in_signs_in_first(browser, begun):
    answer = browser.open("/device", code=begun.user_code)
    assert answer.headers["location"] == f"/sign-in?next=%2Fdevice%3Fcode%3D{begun.user_code}"


def test_yes_lets_the_device_in(deps, ada, signed_in, begun):
    shown = signed_in.open("/device", code=begun.user_code.lower()).text
    assert begun.user_code in shown
    assert EMAIL in shown
    assert "Device signed in" in signed_in.send("/device", answer="approve").text
    (row,) = all_rows(deps, DeviceLogin)
    assert (row.user_id, row.denied_at) == (ada.id, None)


def test_no_keeps_it_out(deps, signed_in, begun):
    signed_in.open("/device", code=begun.user_code)
    assert "is not signed in" in signed_in.send("/device", answer="deny").text
    assert all_rows(deps, DeviceLogin)[0].denied_at is not None


def test_looking_at_the_page_says_nothing(deps, signed_in, begun):
    signed_in.open("/device", code=begun.user_code)
    assert all_rows(deps, DeviceLogin)[0].user_id is None


def test_another_site_says_yes_for_nobody(deps, signed_in, begun):
    answer = signed_in.client.post("/device", data={"code": begun.user_code, "answer": "approve"})
    assert answer.status_code == 403
    assert all_rows(deps, DeviceLogin)[0].user_id is None


def test_a_form_of_who_was_signed_in_before_is_not_taken(deps, signed_in, begun):
    signed_in.open("/device", code=begun.user_code)
    form = signed_in.page
    make_person(deps, "eve@example.org")
    signed_in.client.cookies.delete("macropod")
    signed_in.sign_in("eve@example.org", PASSWORD)
    signed_in.page = form
    assert signed_in.send("/device", answer="approve").status_code == 403


def test_a_wrong_code_is_asked_for_again(signed_in, begun):
    answer = signed_in.open("/device", code="<b>BBBB")
    assert (answer.status_code, "No device waits for this code." in answer.text) == (404, True)
    assert "<b>BBBB" not in answer.text
    assert "The code it shows" in signed_in.open("/device").text


def test_the_answer_stands_in_the_audit_log(deps, ada, signed_in, begun):
    signed_in.open("/device", code=begun.user_code)
    signed_in.send("/device", answer="deny")
    entry = all_rows(deps, AuditEntry)[-1]
    assert (entry.actor, entry.action, entry.object_id) == (EMAIL, "sessions.answer_device", begun.user_code)
