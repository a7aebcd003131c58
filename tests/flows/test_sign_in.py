"""Sessions of people: begun with a password, refreshed, ended; and what is made through them."""

import pytest
from macropod_server.db import sessions
from macropod_server.db.tables import UserSession
from macropod_server.domain.access_tokens import read_access_token
from macropod_server.domain.errors import NotFound, Unauthorized
from macropod_server.domain.naming import run_token
from macropod_server.domain.run import Reason
from macropod_server.flows.finish_run import Ending, finish_run
from macropod_server.flows.identify import identify
from macropod_server.flows.refresh_session import refresh_session
from macropod_server.flows.retain import retain
from macropod_server.flows.sign_in import sign_in
from macropod_server.flows.sign_out import sign_out
from macropod_server.flows.start_run import start_runs

from tests.builders import all_rows, make_task, runs_of
from tests.people import EMAIL, PASSWORD, disable, make_person

HERE = "203.0.113.7"


@pytest.fixture
def ada(deps):
    return make_person(deps)


def come_in(deps, email=EMAIL, password=PASSWORD):
    return sign_in(deps, email, password, address=HERE, now=deps.clock())


def who(deps, signed_in):
    return identify(deps, signed_in.access_token, now=deps.clock())


def again(deps, signed_in):
    return refresh_session(deps, signed_in.refresh_token, now=deps.clock())


def test_who_signs_in_acts_as_themselves_in_their_own_workspace(deps, ada):
    signed_in = come_in(deps, email=" Ada@Example.ORG ")
    identity = who(deps, signed_in)
    (row,) = all_rows(deps, UserSession)
    assert (identity.user_id, identity.email, identity.workspace_id) == (ada.id, EMAIL, ada.default_workspace_id)
    assert (identity.is_bound, identity.is_admin, identity.session_id) == (False, False, row.id)
    assert (signed_in.expires_in, signed_in.refresh_expires_in) == (300, 12 * 3600)


def test_another_server_of_the_installation_takes_the_token(deps, restarted, ada):
    assert who(restarted, come_in(deps)).user_id == ada.id


def test_only_a_digest_is_stored_and_nothing_is_shown(deps, ada):
    signed_in = come_in(deps)
    (row,) = all_rows(deps, UserSession)
    for secret in (signed_in.refresh_token, signed_in.access_token):
        assert secret not in row.model_dump_json() + repr(signed_in)


@pytest.mark.parametrize(
    ("email", "password"),
    [
        (EMAIL, "wrong"),
        (EMAIL, ""),
        (EMAIL, "x" * 100_000),
        ("nobody@example.org", PASSWORD),
        ("no address", PASSWORD),
        ("", ""),
    ],
)
def test_a_wrong_password_and_nobody_are_refused_alike(deps, ada, email, password):
    with pytest.raises(Unauthorized) as refusal:
        come_in(deps, email, password)
    assert refusal.value.message == "E-mail address or password is wrong."
    assert all_rows(deps, UserSession) == []


def test_who_has_no_password_cannot_sign_in_with_one(deps):
    make_person(deps, password=None)
    with pytest.raises(Unauthorized):
        come_in(deps)


def test_a_disabled_account_is_out_at_once(deps, ada):
    signed_in = come_in(deps)
    disable(deps, ada)
    for attempt in (come_in, lambda deps: who(deps, signed_in), lambda deps: again(deps, signed_in)):
        with pytest.raises(Unauthorized, match="is disabled"):
            attempt(deps)


def test_a_session_is_refreshed_with_the_same_token_as_often_as_one_likes(deps, ada):
    signed_in = come_in(deps)
    for _ in range(3):
        deps.clock.advance(minutes=10)
        with pytest.raises(Unauthorized, match="is over"):
            who(deps, signed_in)
        renewed = again(deps, signed_in)
        assert renewed.refresh_token == signed_in.refresh_token
        assert renewed.refresh_expires_in == 12 * 3600
        signed_in = renewed
        assert who(deps, signed_in).user_id == ada.id


def test_a_session_that_lies_idle_is_over(deps, ada):
    signed_in = come_in(deps)
    deps.clock.advance(hours=11)
    again(deps, signed_in)
    deps.clock.advance(hours=11)
    again(deps, signed_in)
    deps.clock.advance(hours=12)
    with pytest.raises(Unauthorized, match="session is over"):
        again(deps, signed_in)


def test_no_session_lasts_for_ever(deps, ada):
    signed_in = come_in(deps)
    for _ in range(29 * 3):
        deps.clock.advance(hours=8)
        again(deps, signed_in)
    deps.clock.advance(hours=11)
    assert again(deps, signed_in).refresh_expires_in == 12 * 3600
    deps.clock.advance(hours=11)
    assert again(deps, signed_in).refresh_expires_in == 2 * 3600
    deps.clock.advance(hours=2)
    with pytest.raises(Unauthorized, match="session is over"):
        again(deps, signed_in)


def test_a_session_that_was_ended_is_over_at_once(deps, ada):
    signed_in, other = come_in(deps), come_in(deps)
    sign_out(deps, who(deps, signed_in).session_id, user_id=ada.id, now=deps.clock())
    for attempt in (who, again):
        with pytest.raises(Unauthorized, match="session is over"):
            attempt(deps, signed_in)
    assert who(deps, other).user_id == ada.id


def test_nobody_ends_the_session_of_somebody_else(deps, ada):
    session_id = who(deps, come_in(deps)).session_id
    eve = make_person(deps, "eve@example.org")
    for each in (session_id, "there is none"):
        with pytest.raises(NotFound):
            sign_out(deps, each, user_id=eve.id, now=deps.clock())
    assert all_rows(deps, UserSession)[0].ended_at is None


@pytest.mark.parametrize("token", ["", "mps_unknown", "mpr_x_y", "mpu_x", "mpc_x"])
def test_what_is_no_refresh_token_refreshes_nothing(deps, token):
    with pytest.raises(Unauthorized):
        refresh_session(deps, token, now=deps.clock())


def test_a_run_gets_access_tokens_until_it_ends(deps):
    task = make_task(deps)
    start_runs(deps)
    (run,) = runs_of(deps, task)
    own = run_token(run.id, key=deps.run_key)
    signed_in = refresh_session(deps, own, now=deps.clock())
    told = read_access_token(signed_in.access_token, key=deps.run_key, issuer=deps.installation_id, now=deps.clock())
    identity = who(deps, signed_in)
    assert signed_in.refresh_token == own
    assert (told.run_id, told.email) == (run.id, "admin@localhost")
    assert (identity.run_id, identity.workspace_id, identity.is_bound) == (run.id, run.workspace_id, True)
    finish_run(deps, run.id, Ending(Reason.COMPLETED), now=deps.clock())
    for attempt in (who, again):
        with pytest.raises(Unauthorized, match="ended with the run"):
            attempt(deps, signed_in)


def test_sessions_that_were_over_long_ago_go(deps, ada):
    come_in(deps)
    deps.clock.advance(days=90, hours=11)
    come_in(deps)
    retain(deps)
    assert len(all_rows(deps, UserSession)) == 2
    deps.clock.advance(hours=2)
    retain(deps)
    assert len(all_rows(deps, UserSession)) == 1


def test_all_sessions_of_somebody_can_be_ended(deps, ada):
    signed_in, eve = come_in(deps), make_person(deps, "eve@example.org")
    others = come_in(deps, eve.email)
    with deps.database.write() as session:
        assert sessions.end_all(session, ada.id, now=deps.clock()) == 1
    with pytest.raises(Unauthorized):
        again(deps, signed_in)
    assert again(deps, others)
