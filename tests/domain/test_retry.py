"""Which ends are tried again, and when."""

from datetime import timedelta
from itertools import pairwise

import pytest
from macropod_server.domain.errors import Invalid
from macropod_server.domain.retry import LONGEST, End, Wish, check_retry_on, delay_before_next
from macropod_server.domain.run import STATUS_OF, Reason, RunStatus

ALWAYS = Wish(retries=100, delay_seconds=10)
NEVER = Wish()
FOR_GOOD = (
    Reason.COMPLETED,
    Reason.KILL_REQUESTED,
    Reason.SUPERSEDED,
    Reason.IMAGE_NOT_FOUND,
    Reason.ENVIRONMENT_NOT_FOUND,
    Reason.PACKAGING_FAILED,
    Reason.QUEUE_TIMEOUT,
)


def end(reason, *, exit_code=None, may_begin_anew=False):
    return End(STATUS_OF[reason], reason, exit_code, may_begin_anew)


FAILED = end(Reason.EXIT_CODE, exit_code=1)
NOT_STARTED = end(Reason.COULD_NOT_START, may_begin_anew=True)


def delay(wish, *ends, attempt=None, run_id="a run"):
    return delay_before_next(wish, ends, attempt=attempt or len(ends), run_id=run_id)


def is_retried(wish, *ends):
    return delay(wish, *ends) is not None


@pytest.mark.parametrize("reason", [each for each in Reason if STATUS_OF[each] is not RunStatus.SUCCESS])
def test_without_a_wish_only_what_never_came_to_main_is_tried_again(reason):
    free = {
        Reason.COULD_NOT_START,
        Reason.START_TIMEOUT,
        Reason.SPAWNER_UNAVAILABLE,
        Reason.UNSCHEDULABLE,
        Reason.QUOTA_EXCEEDED,
    }
    assert is_retried(NEVER, end(reason)) == (reason in free)


@pytest.mark.parametrize(
    "reason", [Reason.VANISHED, Reason.RUNNER_DIED, Reason.EVICTED, Reason.PREEMPTED, Reason.NODE_LOST]
)
def test_a_container_lost_before_main_began_is_tried_again_and_one_lost_later_is_not(reason):
    assert is_retried(NEVER, end(reason, may_begin_anew=True))
    assert not is_retried(NEVER, end(reason))


def test_the_free_tries_are_three_and_short():
    delays = [delay(NEVER, *[NOT_STARTED] * count) for count in (1, 2, 3, 4)]
    assert delays == [timedelta(seconds=5), timedelta(seconds=10), timedelta(seconds=20), None]


def test_free_tries_are_counted_apart_from_the_wished_ones():
    once = Wish(retries=1)
    assert is_retried(once, NOT_STARTED, NOT_STARTED, FAILED)
    assert not is_retried(once, NOT_STARTED, NOT_STARTED, FAILED, FAILED)
    assert is_retried(once, FAILED, NOT_STARTED)
    assert delay(once, FAILED, NOT_STARTED) == timedelta(seconds=5)
    assert not is_retried(once, FAILED, *[NOT_STARTED] * 4)


def test_when_the_free_tries_are_used_up_the_wish_decides():
    assert is_retried(Wish(retries=1), *[NOT_STARTED] * 4)
    assert not is_retried(Wish(retries=1), *[NOT_STARTED] * 5)
    assert not is_retried(Wish(retries=1, retry_on=("timed_out",)), *[NOT_STARTED] * 4)


@pytest.mark.parametrize("count", range(4))
def test_as_often_as_wished(count):
    wish = Wish(retries=count)
    assert all(is_retried(wish, *[FAILED] * attempts) for attempts in range(1, count + 1))
    assert not is_retried(wish, *[FAILED] * (count + 1))


def test_attempts_that_nobody_knows_any_more_count_as_retries():
    assert delay(Wish(retries=2), FAILED, attempt=3) is None
    assert delay(Wish(retries=3), FAILED, attempt=3) is not None


@pytest.mark.parametrize("reason", FOR_GOOD)
def test_some_ends_are_for_good_whatever_is_wished(reason):
    assert not is_retried(ALWAYS, end(reason, may_begin_anew=True))


@pytest.mark.parametrize(
    ("word", "reason", "is_wanted"),
    [
        ("failure", Reason.EXIT_CODE, True),
        ("failure", Reason.SIGNAL, True),
        ("failure", Reason.OUT_OF_MEMORY, True),
        ("failure", Reason.TIME_LIMIT, False),
        ("timed_out", Reason.TIME_LIMIT, True),
        ("timed_out", Reason.SILENCE, True),
        ("timed_out", Reason.EXIT_CODE, False),
        ("lost", Reason.VANISHED, True),
        ("lost", Reason.RUNNER_DIED, False),
        ("out_of_memory", Reason.OUT_OF_MEMORY, True),
        ("out_of_memory", Reason.EXIT_CODE, False),
    ],
)
def test_a_word_names_ends(word, reason, is_wanted):
    assert is_retried(Wish(retries=1, retry_on=(word,)), end(reason, exit_code=1)) == is_wanted


def test_a_number_is_the_exit_code_of_main():
    wish = Wish(retries=1, retry_on=("75",))
    assert is_retried(wish, end(Reason.EXIT_CODE, exit_code=75))
    assert not is_retried(wish, end(Reason.EXIT_CODE, exit_code=7))
    assert not is_retried(wish, end(Reason.TIME_LIMIT, exit_code=75))


def test_the_delay_doubles_up_to_an_hour_and_a_little_by_chance():
    delays = [delay(ALWAYS, *[FAILED] * count).total_seconds() for count in range(1, 13)]
    assert all(10 * 2**number <= each <= 12 * 2**number for number, each in enumerate(delays[:8]))
    assert all(earlier <= later for earlier, later in pairwise(delays))
    assert delays[-1] == LONGEST.total_seconds()
    assert delay(ALWAYS, *[FAILED] * 100) == LONGEST


def test_chance_is_the_same_for_the_same_run_and_another_for_another():
    assert delay(ALWAYS, FAILED, run_id="x") == delay(ALWAYS, FAILED, run_id="x")
    assert len({delay(ALWAYS, FAILED, run_id=str(number)) for number in range(50)}) == 50


def test_no_delay_is_no_delay():
    assert delay(Wish(retries=2), FAILED, FAILED) == timedelta(0)


def test_what_retry_on_takes_is_stored_as_text_once_each():
    assert check_retry_on(["failure", 75, "75", " 3 ", "lost", "007"], retries=1) == ["failure", "75", "3", "lost", "7"]


@pytest.mark.parametrize("entry", ["success", "killed", "Failure", "", 0, 256, -1, "1.5", "²", "x" * 500, "9" * 5000])
def test_an_entry_that_means_nothing_is_named(entry):
    with pytest.raises(Invalid, match="retry_on has") as refusal:
        check_retry_on(["failure", entry], retries=1)
    (problem,) = refusal.value.problems
    assert (problem.where, repr(str(entry)[:80]) in problem.message) == ("retry_on", True)


def test_ends_that_are_named_without_any_retries_are_refused():
    with pytest.raises(Invalid, match="retries is 0") as refusal:
        check_retry_on(["lost"], retries=0)
    assert refusal.value.problems[0].where == "retries"
    assert check_retry_on([], retries=0) == []
