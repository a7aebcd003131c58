"""When plans are due: several schedules, intervals, start and end, excluded days, jitter."""

import time
from datetime import UTC, date, datetime, timedelta
from itertools import islice

import pytest
from macropod_server.domain.errors import Invalid
from macropod_server.domain.naming import new_id
from macropod_server.domain.schedule import LATEST, first_due, next_due, read_plan
from macropod_server.domain.schedule.walk import Calendar, walk

LEAP_DAYS = [date(year, 2, 29) for year in range(2028, 2133, 4) if year != 2100]
MONDAYS = [date(2026, 3, 2) + timedelta(weeks=each) for each in range(1000)]
CREATED = datetime(2026, 3, 2, 12, 0, 7, 500, tzinfo=UTC)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def dues(plan, after):
    due = next_due(plan, after)
    while due is not None:
        yield due
        due = next_due(plan, due)


def first(count, plan, after):
    return [each.isoformat(sep=" ", timespec="seconds")[5:-6] for each in islice(dues(plan, moment(after)), count)]


SEVERAL = [
    (["0 2 * * *", "0 14 * * mon"], "2026-03-01 12:00", ["03-02 02:00", "03-02 14:00", "03-03 02:00"]),
    ("0 2 * * *; 0 14 * * mon", "2026-03-02 02:00", ["03-02 14:00", "03-03 02:00", "03-04 02:00"]),
    (["*/30 * * * *", "0 * * * *"], "2026-03-02 11:45", ["03-02 12:00", "03-02 12:30", "03-02 13:00"]),
    (["@daily", "@midnight", "0 0 * * 1"], "2026-03-01 12:00", ["03-02 00:00", "03-03 00:00"]),
    (["0 0 29 2 *", "0 0 1 1 *"], "2027-06-01 00:00", ["01-01 00:00", "02-29 00:00", "01-01 00:00"]),
]


@pytest.mark.parametrize(("schedules", "after", "expected"), SEVERAL)
def test_several_schedules_at_one_moment_are_one_tick(schedules, after, expected):
    assert first(len(expected), read_plan(schedules), after) == [f"{each}:00" for each in expected]


def test_the_same_schedule_written_twice_is_kept_once():
    assert read_plan(["0 0 * * *", "@daily", "0 2 * * *", "0 0 * * *"]).text == "0 0 * * *; 0 2 * * *"


def test_a_set_of_schedules_is_read_in_one_order():
    assert read_plan({"0 3 * * *", "0 2 * * *"}).text == "0 2 * * *; 0 3 * * *"


def test_an_interval_without_a_start_counts_from_the_whole_second_the_task_was_made_in():
    plan = read_plan(every_seconds=90, created_at=CREATED)
    assert first(3, plan, "2026-03-02 12:00:07") == ["03-02 12:01:37", "03-02 12:03:07", "03-02 12:04:37"]
    assert next_due(plan, moment("2020-01-01")) == moment("2026-03-02 12:01:37")


def test_an_interval_with_a_start_is_due_at_the_start_itself():
    plan = read_plan(every_seconds=3600, starts_at=moment("2026-03-05 10:30"), created_at=CREATED)
    assert first(2, plan, "2026-03-02") == ["03-05 10:30:00", "03-05 11:30:00"]
    assert next_due(plan, moment("2026-03-05 10:30")) == moment("2026-03-05 11:30")


def test_an_interval_whose_start_has_passed_keeps_its_rhythm():
    plan = read_plan(every_seconds=7200, starts_at=moment("2026-01-01 00:10"), created_at=CREATED)
    assert first(2, plan, "2026-03-02 12:00") == ["03-02 12:10:00", "03-02 14:10:00"]


@pytest.mark.parametrize("change", ["2026-03-29 01:00", "2026-10-25 01:00"])
def test_an_interval_keeps_its_distance_when_the_clocks_change(change):
    start = moment(change) - timedelta(hours=30)
    plan = read_plan(every_seconds=6 * 3600, starts_at=start, timezone="Europe/Berlin")
    found = list(islice(dues(plan, start), 10))
    assert found == [start + each * timedelta(hours=6) for each in range(1, 11)]


WINDOWS = [
    ("starts_at", "2026-03-05 02:00", "2026-03-01", "03-05 02:00:00"),
    ("starts_at", "2026-03-05 02:00:00.000001", "2026-03-01", "03-06 02:00:00"),
    ("starts_at", "2026-03-05 02:00", "2026-03-05 02:00", "03-06 02:00:00"),
    ("starts_at", "2026-03-05 02:00", "2026-03-20 02:00", "03-21 02:00:00"),
    ("ends_at", "2026-03-05 02:00", "2026-03-04 02:00", "03-05 02:00:00"),
    ("ends_at", "2026-03-05 01:59:59.999999", "2026-03-04 01:00", "03-04 02:00:00"),
    ("ends_at", "2026-03-05 01:59:59.999999", "2026-03-04 02:00", None),
    ("ends_at", "2026-03-05 02:00", "2026-03-05 02:00", None),
    ("ends_at", "2026-03-05 02:00", "2027-03-05 02:00", None),
]


@pytest.mark.parametrize(("edge", "at", "after", "expected"), WINDOWS)
def test_start_and_end_belong_to_the_plan(edge, at, after, expected):
    plan = read_plan("0 2 * * *", **{edge: moment(at)})
    assert first(1, plan, after) == ([expected] if expected else [])


def test_an_interval_ends_too():
    plan = read_plan(every_seconds=60, starts_at=moment("2026-03-05 10:00"), ends_at=moment("2026-03-05 10:02"))
    assert first(9, plan, "2026-03-01") == ["03-05 10:00:00", "03-05 10:01:00", "03-05 10:02:00"]


EXCLUSIONS = [
    ("UTC", "0 2 * * *", ["2026-12-25", "2026-12-26"], "2026-12-24 12:00", "12-27 02:00:00"),
    ("Asia/Tokyo", "0 2 * * *", ["2026-12-25"], "2026-12-24 12:00", "12-25 17:00:00"),
    ("America/New_York", "30 23 * * *", ["2026-12-24"], "2026-12-24 12:00", "12-26 04:30:00"),
    ("UTC", "0 2 * * mon", [day.isoformat() for day in MONDAYS[:52]], "2026-03-01", "03-01 02:00:00"),
    ("UTC", "* * * * *", ["2026-03-02"], "2026-03-01 23:59", "03-03 00:00:00"),
    ("UTC", "* * * * *", ["2026-03-02"], "2026-03-02 12:00", "03-03 00:00:00"),
    ("UTC", "0 2 * * *; 0 3 * * tue", ["2026-03-02"], "2026-03-01 12:00", "03-03 02:00:00"),
    ("UTC", "0 0 29 2 *", ["2028-02-29"], "2026-03-01", "02-29 00:00:00"),
    ("Europe/Berlin", "30 2 * * *", ["2026-03-29"], "2026-03-28 12:00", "03-30 00:30:00"),
    ("Europe/Berlin", "30 2 * * *", ["2026-10-25"], "2026-10-24 12:00", "10-26 01:30:00"),
    ("America/Havana", "0 0 * * *", ["2026-03-08"], "2026-03-07 12:00", "03-09 04:00:00"),
    ("Pacific/Apia", "0 12 30 12 *", ["2011-12-29"], "2011-12-29 00:00", "12-30 10:00:00"),
    ("Pacific/Apia", "0 12 30,31 12 *", ["2011-12-31"], "2011-12-29 00:00", "12-29 22:00:00"),
    ("America/Nuuk", "30 23 28 3 *", ["2026-03-27"], "2026-03-27 12:00", "03-29 01:00:00"),
]


@pytest.mark.parametrize(("zone", "text", "excluded", "after", "expected"), EXCLUSIONS)
def test_excluded_dates_are_days_of_the_zone(zone, text, excluded, after, expected):
    plan = read_plan(text, timezone=zone, excluded_dates=[date.fromisoformat(each) for each in excluded])
    assert first(1, plan, after) == [expected]


def test_an_interval_leaves_out_excluded_dates_and_keeps_its_rhythm():
    plan = read_plan(
        every_seconds=7 * 3600,
        starts_at=moment("2026-12-24 20:00"),
        timezone="Europe/Berlin",
        excluded_dates=[date(2026, 12, 25), date(2026, 12, 26)],
    )
    assert first(3, plan, "2026-12-24") == ["12-24 20:00:00", "12-27 04:00:00", "12-27 11:00:00"]


def test_jitter_is_the_same_for_a_task_for_ever_and_spread_over_tasks():
    offsets = [read_plan("0 2 * * *", jitter_seconds=300, task_id=new_id()).offset for _ in range(2000)]
    seconds = sorted(offset.total_seconds() for offset in offsets)
    assert 0 <= seconds[0] < 10
    assert 290 < seconds[-1] <= 300
    assert abs(seconds[1000] - 150) < 25
    assert read_plan("0 2 * * *", jitter_seconds=300, task_id="a").offset == timedelta(seconds=120)
    assert read_plan("0 2 * * *", jitter_seconds=0, task_id="a").offset == timedelta(0)


def test_jitter_shifts_every_moment_of_the_calendar_also_those_at_start_and_end():
    plan = read_plan(
        "0 2 * * *",
        starts_at=moment("2026-03-05 02:00"),
        ends_at=moment("2026-03-06 02:00"),
        excluded_dates=[date(2026, 3, 7)],
        jitter_seconds=300,
        task_id="a",
    )
    assert first(3, plan, "2026-03-01") == ["03-05 02:02:00", "03-06 02:02:00"]
    assert next_due(plan, moment("2026-03-05 02:01:59")) == moment("2026-03-05 02:02:00")
    assert next_due(plan, moment("2026-03-05 02:02:00")) == moment("2026-03-06 02:02:00")


NEVER = [
    ({"ends_at": moment("2026-03-03 01:00")}, "ends_at"),
    ({"ends_at": moment("2026-03-03 01:00"), "starts_at": moment("2026-03-02 13:00")}, "ends_at"),
    ({"ends_at": moment("2026-03-01 01:00")}, "ends_at"),
    ({"schedule": "0 0 29 2 *", "excluded_dates": LEAP_DAYS}, "excluded_dates"),
]


@pytest.mark.parametrize(("wish", "where"), NEVER)
def test_a_plan_that_can_never_be_due_is_refused(wish, where):
    plan = read_plan(**{"schedule": "0 2 * * *"} | wish, created_at=CREATED)
    with pytest.raises(Invalid, match="can never be due") as refusal:
        first_due(plan, CREATED)
    assert [problem.where for problem in refusal.value.problems] == [where]


SLOW = [
    {"schedule": [f"{each} {each} * * mon" for each in range(20)], "excluded_dates": MONDAYS},
    {"schedule": [f"{each} {each} 29 2 *" for each in range(20)], "excluded_dates": [date(2028, 2, 29)]},
    {"schedule": ["0 0 29 2 */7"], "excluded_dates": LEAP_DAYS},
    {"every_seconds": 7 * 24 * 3600, "starts_at": moment("2026-03-02"), "excluded_dates": MONDAYS},
    {"every_seconds": 1, "excluded_dates": [date(2026, 3, 2) + timedelta(each) for each in range(1000)]},
]


@pytest.mark.parametrize("wish", SLOW)
@pytest.mark.parametrize("zone", ["UTC", "Africa/Casablanca"])
def test_the_worst_plans_are_answered_within_a_second(wish, zone):
    plan = read_plan(**wish, timezone=zone, created_at=CREATED)
    begun = time.perf_counter()
    next_due(plan, moment("2026-03-01"))
    assert time.perf_counter() - begun < 1


@pytest.mark.parametrize("after", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC), LATEST])
@pytest.mark.parametrize("wish", [{"schedule": "0 0 29 2 *"}, {"every_seconds": 10}])
def test_an_instant_beyond_all_calendars_is_answered_too(wish, after):
    due = next_due(read_plan(**wish, timezone="America/New_York"), after)
    assert due is None or due > after


COMPARED = [
    {"schedule": "*/20 1-3 * * *; 30 2 * * *", "excluded_dates": ["2025-10-25"]},
    {"schedule": "30 2 * * *; 0 3 * * sun; 45 1 26 10 *", "jitter_seconds": 900, "task_id": "x"},
    {"schedule": "*/7 * * * *", "starts_at": moment("2025-03-30 00:20"), "ends_at": moment("2025-10-26 01:00")},
    {"every_seconds": 3601, "excluded_dates": ["2025-03-30", "2025-10-26"]},
    {"every_seconds": 5400, "starts_at": moment("2025-03-29 22:15"), "jitter_seconds": 3600, "task_id": "y"},
    {"schedule": "@hourly;@daily", "excluded_dates": ["2025-03-31"], "jitter_seconds": 59, "task_id": "z"},
]


@pytest.mark.parametrize("facts", COMPARED)
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"])
@pytest.mark.parametrize("day", ["2025-03-09 07:00", "2025-03-30 01:00", "2025-10-26 01:00", "2025-10-04 15:30"])
def test_a_minute_by_minute_walk_through_a_plan_agrees(facts, zone, day):
    start, end = moment(day) - timedelta(hours=30), moment(day) + timedelta(hours=30)
    facts = {"created_at": moment("2025-01-01 00:00"), "timezone": zone} | facts
    plan = read_plan(**facts | {"excluded_dates": [date.fromisoformat(d) for d in facts.get("excluded_dates", ())]})
    expected = walk(Calendar(**facts), start, end)
    assert [due for due in islice(dues(plan, start), len(expected) + 1) if due <= end] == expected
