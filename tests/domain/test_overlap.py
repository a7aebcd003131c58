"""Whether a run is let in beside those that are not gone."""

import pytest
from macropod_server.domain.overlap import Present, admit
from macropod_server.domain.run import Cause
from macropod_server.domain.task import Overlap, TickOutcome

RUNNING = Present("running", Cause.SCHEDULE, is_queued=False, has_place=True)
ENDING = Present("ending", Cause.ORDERED, is_queued=False, has_place=True)
FIRST = Present("first", Cause.SCHEDULE, is_queued=True, has_place=True, may_have_container=False)
WAITING = Present("waiting", Cause.ORDERED, is_queued=True, has_place=False, may_have_container=False)
RETRY = Present("retry", Cause.RETRY, is_queued=True, has_place=False, may_have_container=False)
FILL = Present("fill", Cause.BACKFILL, is_queued=True, has_place=False, may_have_container=False)
RETRIED_FILL = Present("retried fill", Cause.RETRY, is_queued=True, has_place=True, origin=Cause.BACKFILL)
RERUN = Present("rerun", Cause.RERUN, is_queued=False, has_place=True)


def admitted(overlap, *present, queued=None, most=10):
    queued = sum(each.is_queued for each in present) if queued is None else queued
    return admit(Overlap(overlap), present, queued=queued, most_queued=most)


@pytest.mark.parametrize("overlap", list(Overlap))
def test_alone_every_run_is_let_in(overlap):
    assert admitted(overlap).is_granted


@pytest.mark.parametrize(
    ("overlap", "present", "outcome", "other"),
    [
        ("allow", [RUNNING, WAITING], "started", None),
        ("skip", [RUNNING], "skipped", "running"),
        ("skip", [FIRST], "skipped", "first"),
        ("skip", [ENDING], "skipped", "ending"),
        ("skip", [RETRY, RUNNING], "skipped", "running"),
        ("skip", [RETRY], "skipped", "retry"),
        ("queue_one", [RUNNING], "started", None),
        ("queue_one", [FIRST], "started", None),
        ("queue_one", [RUNNING, WAITING], "merged", "waiting"),
        ("queue_one", [RUNNING, RETRY, FILL], "started", None),
        ("queue_all", [RUNNING, WAITING, WAITING], "started", None),
        ("cancel_running", [RUNNING, WAITING], "started", None),
    ],
)
def test_beside_others(overlap, present, outcome, other):
    admission = admitted(overlap, *present)
    assert (admission.outcome, admission.other) == (TickOutcome(outcome), other)
    assert (admission.reason is None) == admission.is_granted


def test_the_newest_takes_the_place_of_all_but_those_asked_for_because_of_the_past():
    present = (RUNNING, WAITING, RETRY, FILL, RETRIED_FILL, RERUN)
    assert admitted("cancel_running", *present).supersedes == (RUNNING, WAITING, RETRY)
    assert admitted("queue_all", RUNNING, WAITING).supersedes == ()


def test_only_what_waits_and_never_had_a_container_is_gone_at_once():
    again = Present("again", Cause.SCHEDULE, is_queued=True, has_place=True, may_have_container=True)
    gone = [each.run_id for each in (RUNNING, FIRST, WAITING, again) if each.vanishes_when_stopped]
    assert gone == ["first", "waiting"]


@pytest.mark.parametrize("overlap", ["allow", "queue_all"])
def test_there_is_a_most_of_runs_that_wait(overlap):
    assert admitted(overlap, RUNNING, queued=9).is_granted
    refused = admitted(overlap, RUNNING, queued=10)
    assert refused.outcome is TickOutcome.REFUSED
    assert refused.reason == "10 runs of this task are waiting already, and 10 are the most that may."


def test_who_supersedes_the_queue_is_not_refused_for_its_length():
    assert admitted("cancel_running", WAITING, RETRY, queued=2, most=2).is_granted
    assert not admitted("cancel_running", FILL, queued=1, most=1).is_granted
