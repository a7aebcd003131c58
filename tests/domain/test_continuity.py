"""How soon a continuous task runs again, and when it is said to be in a crash loop."""

from datetime import timedelta

import pytest
from macropod_server.domain.continuity import Life, health_after, pause_before_next
from macropod_server.domain.run import RunStatus
from macropod_server.domain.task import TaskHealth


def lived(status, seconds):
    return Life(status, timedelta(seconds=seconds))


WELL = lived(RunStatus.SUCCESS, 3600)
SHORT = lived(RunStatus.SUCCESS, 9)
CRASHED = lived(RunStatus.FAILURE, 59)
FAILED_LATE = lived(RunStatus.FAILURE, 60)
STOPPED = lived(RunStatus.KILLED, 1)


def pause(*newest_first):
    return pause_before_next(newest_first).total_seconds()


@pytest.mark.parametrize("newest", [WELL, lived(RunStatus.SUCCESS, 10), FAILED_LATE, lived(RunStatus.LOST, 600)])
def test_after_a_run_that_lasted_the_next_begins_at_once(newest):
    assert pause(newest, CRASHED, CRASHED) == 0


def test_after_short_successes_the_pause_grows_to_a_minute():
    assert [pause(*[SHORT] * count) for count in range(1, 9)] == [1, 2, 4, 8, 16, 32, 60, 60]


def test_after_quick_failures_the_pause_grows_to_five_minutes():
    assert [pause(*[CRASHED] * count) for count in range(1, 13)] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]


@pytest.mark.parametrize("status", [RunStatus.TIMED_OUT, RunStatus.LOST, RunStatus.FAILURE])
def test_any_end_but_success_is_a_failure(status):
    assert pause(lived(status, 1), CRASHED) == 2


def test_a_run_that_lasted_begins_the_count_anew():
    assert pause(CRASHED, WELL, CRASHED, CRASHED) == 1


def test_a_run_that_somebody_stopped_is_followed_at_once_and_says_nothing_about_the_others():
    assert pause(STOPPED, CRASHED, CRASHED) == 0
    assert pause(CRASHED, STOPPED, CRASHED) == 2


@pytest.mark.parametrize(("count", "health"), [(4, TaskHealth.HEALTHY), (5, TaskHealth.CRASH_LOOP)])
def test_five_quick_failures_in_a_row_are_a_crash_loop(count, health):
    assert health_after(TaskHealth.HEALTHY, [CRASHED] * count) is health
    assert health_after(TaskHealth.HEALTHY, [STOPPED, *[CRASHED] * count]) is health


@pytest.mark.parametrize("broken_by", [WELL, SHORT, FAILED_LATE])
def test_quick_failures_are_counted_in_a_row(broken_by):
    lives = [CRASHED, CRASHED, CRASHED, broken_by, CRASHED, CRASHED]
    assert health_after(TaskHealth.HEALTHY, lives) is TaskHealth.HEALTHY


@pytest.mark.parametrize(
    ("newest", "health"),
    [
        (lived(RunStatus.SUCCESS, 599), TaskHealth.CRASH_LOOP),
        (lived(RunStatus.SUCCESS, 600), TaskHealth.HEALTHY),
        (lived(RunStatus.FAILURE, 600), TaskHealth.HEALTHY),
        (lived(RunStatus.KILLED, 600), TaskHealth.HEALTHY),
    ],
)
def test_only_ten_minutes_of_running_end_a_crash_loop(newest, health):
    assert health_after(TaskHealth.CRASH_LOOP, [newest, *[CRASHED] * 5]) is health
