"""A device asks, its user answers in a browser, and the device is told once; as RFC 8628 has it."""

from contextlib import suppress

import pytest
from macropod_server.db.tables import DeviceLogin
from macropod_server.domain.errors import (
    LoginDenied,
    LoginExpired,
    LoginPending,
    LoginTooFast,
    NotFound,
    TooMany,
    Unauthorized,
)
from macropod_server.flows.change_user import set_password
from macropod_server.flows.device_login import (
    approve_device_login,
    begin_device_login,
    deny_device_login,
    find_device_login,
    poll_device_login,
)
from macropod_server.flows.identify import identify

from tests.builders import all_rows
from tests.people import disable, make_person


@pytest.fixture
def ada(deps):
    return make_person(deps)


@pytest.fixture
def begun(deps):
    return begin_device_login(deps, now=deps.clock())


def poll(deps, begun):
    return poll_device_login(deps, begun.device_code, now=deps.clock())


def approve(deps, code, person):
    approve_device_login(deps, code, person.id, now=deps.clock())


def test_a_device_is_let_in_once_its_user_has_said_yes(deps, ada, begun):
    with pytest.raises(LoginPending):
        poll(deps, begun)
    approve(deps, begun.user_code, ada)
    signed_in = poll(deps, begun)
    assert identify(deps, signed_in.access_token, now=deps.clock()).user_id == ada.id
    with pytest.raises(LoginExpired):
        poll(deps, begun)


def test_the_code_is_taken_as_people_type_it(deps, ada, begun):
    typed = f" {begun.user_code.lower().replace('-', ' ')} "
    assert find_device_login(deps, typed, ada.id, now=deps.clock()) == begun.user_code
    approve(deps, typed, ada)
    assert poll(deps, begun)


def test_who_says_no_is_heard(deps, ada, begun):
    deny_device_login(deps, begun.user_code, ada.id, now=deps.clock())
    with pytest.raises(LoginDenied):
        poll(deps, begun)


def test_an_answer_counts_once(deps, ada, begun):
    approve(deps, begun.user_code, ada)
    eve = make_person(deps, "eve@example.org")
    for answer in (approve_device_login, deny_device_login):
        with pytest.raises(NotFound):
            answer(deps, begun.user_code, eve.id, now=deps.clock())
    assert identify(deps, poll(deps, begun).access_token, now=deps.clock()).user_id == ada.id


def test_a_log_in_nobody_answers_is_over_after_some_minutes(deps, ada, begun):
    deps.clock.advance(seconds=begun.expires_in)
    with pytest.raises(NotFound):
        approve(deps, begun.user_code, ada)
    with pytest.raises(LoginExpired):
        poll(deps, begun)
    deps.clock.advance(hours=2)
    begin_device_login(deps, now=deps.clock())
    assert len(all_rows(deps, DeviceLogin)) == 1


def test_who_asks_too_often_is_slowed_down(deps, begun):
    with pytest.raises(LoginPending):
        poll(deps, begun)
    deps.clock.advance(seconds=1)
    with pytest.raises(LoginTooFast, match="every 10 s"):
        poll(deps, begun)
    deps.clock.advance(seconds=begun.interval)
    with pytest.raises(LoginTooFast, match="every 15 s"):
        poll(deps, begun)
    deps.clock.advance(seconds=15)
    with pytest.raises(LoginPending) as refusal:
        poll(deps, begun)
    assert refusal.value.code == "authorization_pending"


def test_codes_are_kept_as_digests_and_not_shown(deps, begun):
    (row,) = all_rows(deps, DeviceLogin)
    assert begun.device_code not in row.model_dump_json() + repr(begun)


def test_an_account_disabled_meanwhile_gets_nothing(deps, ada, begun):
    approve(deps, begun.user_code, ada)
    disable(deps, ada)
    with pytest.raises(Unauthorized, match="is disabled"):
        poll(deps, begun)


def test_codes_are_not_guessed(deps, ada):
    for _ in range(20):
        with pytest.raises(NotFound):
            approve(deps, "BBBB-BBBB", ada)
    with pytest.raises(TooMany):
        approve(deps, "BBBB-BBBB", ada)


def test_an_address_begins_only_so_many(deps):
    for _ in range(60):
        begin_device_login(deps, now=deps.clock(), address="203.0.113.7")
    with pytest.raises(TooMany):
        begin_device_login(deps, now=deps.clock(), address="203.0.113.7")
    assert begin_device_login(deps, now=deps.clock(), address="203.0.113.8")


def test_who_was_let_in_before_the_password_was_changed_does_not_come_in(deps, ada, begun):
    approve(deps, begun.user_code, ada)
    set_password(deps, ada.id, "another long password", deps.clock())
    with pytest.raises(LoginExpired):
        poll(deps, begun)


def test_codes_of_devices_are_not_tried_without_end(deps):
    def guess_on():
        for number in range(1000):
            with suppress(LoginExpired):
                poll_device_login(deps, f"guess {number}", now=deps.clock(), address="192.0.2.7")

    with pytest.raises(TooMany):
        guess_on()
