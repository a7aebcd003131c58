"""Passwords are not guessed, and strangers who try keep nobody out for ever."""

from dataclasses import replace

import pytest
from macropod_server.app import close_deps
from macropod_server.domain.errors import TooMany, Unauthorized
from macropod_server.flows.refresh_session import refresh_session
from macropod_server.flows.sign_in import sign_in
from macropod_server.throttle import Kind, Throttle

from tests.builders import make_deps
from tests.people import EMAIL, PASSWORD, make_person

HOME, ELSEWHERE = "203.0.113.7", "198.51.100.9"


@pytest.fixture
def deps(tmp_path):
    """What is counted is counted in memory: one database is enough."""
    few = {Kind.WRONG_FOR_ACCOUNT_HERE: "2 per 5 minutes", Kind.WRONG_HERE: "4 per minute"}
    few[Kind.WRONG_FOR_ACCOUNT] = few[Kind.WRONG_HERE]
    deps = replace(make_deps(tmp_path), throttle=Throttle(few))
    make_person(deps)
    yield deps
    close_deps(deps)


def come_in(deps, password=PASSWORD, *, email=EMAIL, address=HOME):
    return sign_in(deps, email, password, address=address, now=deps.clock())


def tries_until_stopped(deps, **where):
    for number in range(200):
        try:
            come_in(deps, "wrong", **where)
        except Unauthorized:
            continue
        except TooMany:
            return number
    return None


def test_some_wrong_passwords_for_an_account_are_enough_from_one_address(deps):
    assert tries_until_stopped(deps) == 2
    with pytest.raises(TooMany):
        come_in(deps)
    assert come_in(deps, address=ELSEWHERE)


def test_accounts_there_are_not_are_counted_alike(deps):
    assert tries_until_stopped(deps, email="nobody@example.org") == 2
    assert tries_until_stopped(deps, email="no address at all") == 2


def test_who_gets_it_right_has_all_tries_again(deps):
    with pytest.raises(Unauthorized):
        come_in(deps, "wrong")
    come_in(deps)
    assert tries_until_stopped(deps) == 2


def test_an_address_has_a_limit_over_all_accounts(deps):
    stopped = [tries_until_stopped(deps, email=f"nobody{number}@example.org") for number in range(3)]
    assert stopped == [2, 2, 0]
    with pytest.raises(TooMany):
        come_in(deps)


def test_the_addresses_of_one_network_of_ipv6_count_as_one(deps):
    for number in range(2):
        with pytest.raises(Unauthorized):
            come_in(deps, "wrong", address=f"2001:db8::{number}")
    with pytest.raises(TooMany):
        come_in(deps, address="2001:db8::ffff")
    assert come_in(deps, address="2001:db8:0:1::1")


def test_strangers_from_everywhere_do_not_keep_out_who_has_come_from_here_before(deps):
    come_in(deps, address=HOME)
    stopped = [tries_until_stopped(deps, address=f"192.0.2.{number}") for number in range(3)]
    assert stopped == [2, 2, 0]
    with pytest.raises(TooMany):
        come_in(deps, address=ELSEWHERE)
    assert come_in(deps, address=HOME)


def test_unknown_refresh_tokens_are_counted_by_address(deps):
    signed_in = come_in(deps)
    for number in range(4):
        with pytest.raises(Unauthorized):
            refresh_session(deps, f"mps_{number}", now=deps.clock(), address=ELSEWHERE)
    with pytest.raises(TooMany):
        refresh_session(deps, signed_in.refresh_token, now=deps.clock(), address=ELSEWHERE)
    assert refresh_session(deps, signed_in.refresh_token, now=deps.clock(), address=HOME)
