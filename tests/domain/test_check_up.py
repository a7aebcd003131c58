"""What the command `check` makes of what it saw."""

from datetime import timedelta

import pytest
from macropod_server.domain.check_up import FirstCall, judge_call, judge_clock, judge_revision

URL = "http://macropod:8085"
ANSWER = 'macropod-runner: The server answered {}: {{"code":"{}","message":"Something."}}.'
SILENCE = "macropod-runner: GET /v1/runner/spec: The server does not answer: timed out. Trying again."


def judged(*output, has_started=True, exit_code=3, answers_here=True):
    return judge_call(URL, FirstCall(has_started, exit_code, output), answers_here=answers_here)


def test_only_a_server_with_the_same_key_answers_a_run_it_has_never_heard_of_like_this():
    assert judged(ANSWER.format(401, "unauthorized")).is_fine


@pytest.mark.parametrize(
    ("finding", "told"),
    [
        (judged(ANSWER.format(403, "forbidden")), "has another key"),
        (judged("macropod-runner: The server answered 404: <html>."), "no server of Macropod"),
        (judged("macropod-runner: The server answered 401: Log in first.."), "no server of Macropod"),
        (
            judged("macropod-runner: MACROPOD_RUNNER_TOKEN is not set.", exit_code=2),
            "exit code 2: macropod-runner: MACRO",
        ),
        (judged(exit_code=-9), "exit code -9."),
        (
            judged(SILENCE, exit_code=None),
            "A container gets no answer from http://macropod:8085, and this machine does",
        ),
        (judged(SILENCE, exit_code=None, answers_here=False), "No server answers at http://macropod:8085, neither"),
        (judged(exit_code=None, answers_here=False), "Start it and check again."),
        (judged("did not start within 60 s.", has_started=False, exit_code=None), "Not tried: the container did not"),
    ],
)
def test_whatever_else_a_container_is_told_says_what_to_do(finding, told):
    assert not finding.is_fine
    assert told in finding.told


@pytest.mark.parametrize(
    ("seconds", "is_fine", "told"),
    [
        (0.2, True, "0.2 s from"),
        (-5, True, "5.0 s from"),
        (40, False, "40 s behind that"),
        (-40, False, "40 s ahead of"),
    ],
)
def test_a_clock_that_is_far_from_another_is_to_be_set(seconds, is_fine, told):
    finding = judge_clock("database", timedelta(seconds=seconds))
    assert (finding.is_fine, told in finding.told) == (is_fine, True)


@pytest.mark.parametrize(
    ("found", "is_fine", "told"),
    [
        ("0002", True, "PostgreSQL at revision 0002."),
        ("0003", True, "newer than this version's 0002"),
        ("0001", False, "Run `macropod-server migrate`."),
        (None, False, "at revision none"),
        ("0009_from_0008", False, "or a newer one"),
    ],
)
def test_a_database_is_fine_where_this_version_works_with_it(found, is_fine, told):
    finding = judge_revision(found, own="0002", is_sqlite=False)
    assert (finding.is_fine, told in finding.told) == (is_fine, True)
