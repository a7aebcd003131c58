"""Which of the moments that passed still run, by the task's policy, and what is said of the others."""

from datetime import datetime, timedelta

import pytest
from macropod_server.domain.schedule import read_plan
from macropod_server.domain.task import Missed, TickOutcome
from macropod_server.domain.ticks import MissedPolicy, Pause, judge, passed, withhold

NOON = datetime.fromisoformat("2026-03-02T12:00:00+00:00")
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def policy(missed, *, window=HOUR, cap=3):
    return MissedPolicy(Missed(missed), window, cap)


def moments(*minutes_ago):
    return [NOON - each * MINUTE for each in minutes_ago]


@pytest.mark.parametrize(
    ("missed", "minutes_ago", "runs"),
    [
        ("latest", [0], [0]),
        ("latest", [60], [60]),
        ("latest", [60.1], []),
        ("latest", [50, 40, 30], [30]),
        ("latest", [300, 200, 100], []),
        ("all", [0], [0]),
        ("all", [5000], [5000]),
        ("all", [50, 40, 30], [50, 40, 30]),
        ("all", [70, 60, 50, 40, 30], [50, 40, 30]),
        ("none", [0], [0]),
        ("none", [1], [1]),
        ("none", [1.1], []),
        ("none", [3, 2, 1, 0], [1, 0]),
    ],
)
def test_what_still_runs(missed, minutes_ago, runs):
    verdicts = judge(moments(*minutes_ago), policy(missed), now=NOON)
    assert [each.due_at for each in verdicts] == moments(*minutes_ago)
    assert [each.due_at for each in verdicts if each.is_wanted] == moments(*runs)
    assert all((each.outcome is TickOutcome.MISSED) == bool(each.reason) for each in verdicts)


@pytest.mark.parametrize(
    ("missed", "later", "runs"),
    [("latest", 0, 1), ("latest", 1, 0), ("all", 1, 2), ("all", 3, 0), ("none", 0, 2)],
)
def test_moments_that_follow_those_in_hand_count_too(missed, later, runs):
    verdicts = judge(moments(1, 0), policy(missed), now=NOON, later=later)
    assert sum(each.is_wanted for each in verdicts) == runs


@pytest.mark.parametrize(
    ("missed", "sentence"),
    [
        ("latest", "The server was away; only the latest missed tick runs."),
        ("all", "More ticks were missed than are made up; only the latest 3 run."),
        ("none", "The tick was found 3 h 10 min late, and missed ticks of this task do not run."),
    ],
)
def test_a_missed_tick_says_why(missed, sentence):
    assert judge(moments(190, 180, 170, 160), policy(missed), now=NOON)[0].reason == sentence


def test_the_latest_that_is_too_old_says_how_old():
    (verdict,) = judge(moments(190), policy("latest"), now=NOON)
    assert verdict.reason == "The tick was found 3 h 10 min late; a missed tick of this task runs within 60 min."


def test_what_has_passed_is_found_in_parts_with_a_look_ahead():
    plan = read_plan("* * * * *")
    found = passed(plan, NOON - 10 * MINUTE, now=NOON, limit=4, reach=2)
    assert (found.moments, found.later) == (tuple(moments(10, 9, 8, 7)), 2)
    rest = passed(plan, NOON - MINUTE, now=NOON, limit=4, reach=2)
    assert (rest.moments, rest.later, rest.following) == (tuple(moments(1, 0)), 0, NOON + MINUTE)


def test_a_plan_that_ended_has_nothing_left_over():
    plan = read_plan("* * * * *", ends_at=NOON - 8 * MINUTE)
    found = passed(plan, NOON - 10 * MINUTE, now=NOON, limit=100, reach=1)
    assert (found.moments, found.following) == (tuple(moments(10, 9, 8)), None)


@pytest.mark.parametrize(
    ("pause", "sentence"),
    [
        (Pause("task", "laptop", None), "The task was paused by laptop."),
        (
            Pause("workspace", "laptop", "the warehouse moves"),
            "The workspace was paused by laptop: the warehouse moves",
        ),
        (Pause("task", None, None), "The task was paused by somebody."),
    ],
)
def test_a_tick_in_a_pause_says_whose(pause, sentence):
    (verdict,) = withhold(moments(0), pause)
    assert (verdict.outcome, verdict.reason) == (TickOutcome.PAUSED, sentence)
