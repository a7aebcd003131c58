"""Which plans are taken, and what is said of those that are not."""

from datetime import UTC, date, datetime, timedelta

import pytest
from macropod_server.domain.errors import Invalid
from macropod_server.domain.schedule import read_plan

DAY = datetime(2026, 3, 5, tzinfo=UTC)

REFUSED = [
    ({}, [("schedule", "not_one_of")]),
    ({"schedule": "@daily", "every_seconds": 60}, [("schedule", "not_one_of")]),
    ({"every_seconds": -5}, [("every_seconds", "out_of_range")]),
    ({"every_seconds": 0}, [("every_seconds", "out_of_range")]),
    ({"every_seconds": 367 * 24 * 3600}, [("every_seconds", "out_of_range")]),
    ({"schedule": ""}, [("schedule", "field_count")]),
    ({"schedule": []}, [("schedule", "not_one_of")]),
    ({"schedule": "0 2 * * *;"}, [("schedule", "empty_member")]),
    ({"schedule": ["@daily", " "]}, [("schedule", "empty_member")]),
    ({"schedule": ["@daily", 5]}, [("schedule", "not_a_text")]),
    ({"schedule": ["@daily"] * 21}, [("schedule", "too_many")]),
    ({"schedule": ["0", "2", "*", "*", "*"]}, [("schedule", "not_quoted")]),
    ({"schedule": ["0", "2", *map(str, range(30))]}, [("schedule", "not_quoted")]),
    ({"schedule": "0 2 * * *; 61 25 * * *"}, [("minute", "out_of_range"), ("hour", "out_of_range")]),
    ({"schedule": "@daily", "timezone": "Mars/Base"}, [("timezone", "unknown_timezone")]),
    ({"schedule": ["@daily", "@dayly"], "timezone": "Mars/Base"}, [("timezone", None), ("schedule", None)]),
    ({"every_seconds": 60, "timezone": "Mars/Base"}, [("timezone", "unknown_timezone")]),
    ({"schedule": "@daily", "starts_at": datetime(2026, 3, 5)}, [("starts_at", "no_timezone")]),
    ({"schedule": "@daily", "ends_at": datetime(2026, 3, 5)}, [("ends_at", "no_timezone")]),
    ({"schedule": "@daily", "ends_at": DAY.replace(year=9500)}, [("ends_at", "out_of_range")]),
    ({"schedule": "@daily", "starts_at": DAY.replace(year=1969)}, [("starts_at", "out_of_range")]),
    ({"schedule": "@daily", "starts_at": DAY, "ends_at": DAY}, [("ends_at", "ends_before_start")]),
    ({"schedule": "@daily", "excluded_dates": [date(2026, 1, 1)] * 1001}, [("excluded_dates", "too_many")]),
    (
        {"schedule": "* * * *", "starts_at": datetime(2026, 3, 5), "excluded_dates": [date(2026, 1, 1)] * 1001},
        [("schedule", "field_count"), ("starts_at", "no_timezone"), ("excluded_dates", "too_many")],
    ),
]


@pytest.mark.parametrize(("wish", "expected"), REFUSED)
def test_everything_that_is_wrong_with_a_plan_is_told_at_once(wish, expected):
    with pytest.raises(Invalid) as refusal:
        read_plan(**wish, created_at=DAY)
    told = [(problem.where, problem.code) for problem in refusal.value.problems]
    assert [(where, code and told[at][1]) for at, (where, code) in enumerate(expected)] == expected
    assert [where for where, _ in told] == [where for where, _ in expected]


def test_of_several_schedules_the_wrong_one_is_named():
    with pytest.raises(Invalid, match=r"In '0 25 \* \* \*': The hour field of the schedule has 25"):
        read_plan(["0 2 * * *", "0 25 * * *"])


def test_the_zone_is_complained_about_once_however_many_schedules_there_are():
    with pytest.raises(Invalid) as refusal:
        read_plan(["0 2 * * *", "0 3 * * *"], timezone="Europe/Berln")
    assert [problem.message for problem in refusal.value.problems] == [
        "The time zone 'Europe/Berln' is not known; did you mean Europe/Berlin?"
    ]


def test_a_plan_without_a_zone_is_in_utc():
    assert read_plan(every_seconds=60).timezone == read_plan("@daily").timezone == "UTC"


def test_start_and_end_are_kept_in_utc_whatever_their_zone():
    plan = read_plan("@daily", starts_at=datetime.fromisoformat("2026-03-05T02:00:00+02:00"))
    assert (plan.starts_at, plan.starts_at.utcoffset()) == (DAY, timedelta(0))
