"""What a change of the clock does to schedules: cases known by hand, and a walk through every minute."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from macropod_server.domain.schedule import Schedule, next_moment, parse_schedule
from macropod_server.domain.schedule.walk import Calendar, walk

CHANGES = {
    "Europe/Berlin": ["2025-03-30 01:00", "2025-10-26 01:00"],
    "America/New_York": ["2025-03-09 07:00", "2025-11-02 06:00"],
    "Australia/Lord_Howe": ["2025-04-05 15:00", "2025-10-04 15:30"],
    "Africa/Casablanca": ["2025-02-23 02:00", "2025-04-06 02:00"],
    "Pacific/Apia": ["2011-12-30 10:00"],
    "America/Santiago": ["2025-04-06 03:00", "2025-09-07 04:00"],
    "America/Havana": ["2025-03-09 05:00", "2025-11-02 05:00"],
    "Asia/Kolkata": ["2025-03-30 01:00"],
    "UTC": ["2025-03-30 01:00"],
}
TEXTS = [
    "0 * * * *",
    "30 * * * *",
    "*/20 * * * *",
    "7 0-23 * * *",
    "0 */2 * * *",
    "*/30 2 * * *",
    "? 0,2 * * *",
    "*/30 1-3 * * 0",
    "0 0 * * *",
    "30 0 * * *",
    "30 1 * * *",
    "45 1 * * *",
    "0 2 * * *",
    "30 2 * * *",
    "0 3 * * *",
    "15,30,45 2 * * *",
    "0,30 1-3 * * *",
    "59 23 * * *",
    "0 12 30 12 *",
    "10 2 * * sun",
]


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def dues_between(schedule: Schedule, start: datetime, end: datetime) -> list[datetime]:
    found = []
    while (start := next_moment(schedule, start)) <= end:
        found.append(start)
    return found


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize(("zone", "change"), [(zone, each) for zone, all_ in CHANGES.items() for each in all_])
def test_a_minute_by_minute_walk_through_the_change_agrees(zone: str, change: str, text: str) -> None:
    start, end = moment(change) - timedelta(hours=25), moment(change) + timedelta(hours=26)
    expected = walk(Calendar(text, timezone=zone), start, end)
    schedule = parse_schedule(text, timezone=zone)
    assert dues_between(schedule, start, end) == expected
    for asked in (
        moment(change) - timedelta(seconds=1),
        moment(change),
        moment(change) + timedelta(minutes=31),
    ):
        rest = [due for due in expected if due > asked]
        assert not rest or next_moment(schedule, asked) == rest[0]


KNOWN = [
    ("Europe/Berlin", "30 2 * * *", "2025-03-29 12:00", ["2025-03-30 01:00", "2025-03-31 00:30"]),
    ("Europe/Berlin", "0 3 * * *", "2025-03-29 12:00", ["2025-03-30 01:00", "2025-03-31 01:00"]),
    ("Europe/Berlin", "0,30 2 * * *", "2025-03-29 12:00", ["2025-03-30 01:00", "2025-03-31 00:00"]),
    ("Europe/Berlin", "30 2 * * *", "2025-10-25 12:00", ["2025-10-26 00:30", "2025-10-27 01:30"]),
    ("Europe/Berlin", "30 2 * * *", "2025-10-26 00:45", ["2025-10-27 01:30"]),
    (
        "Europe/Berlin",
        "0 * * * *",
        "2025-10-25 23:30",
        ["2025-10-26 00:00", "2025-10-26 01:00", "2025-10-26 02:00"],
    ),
    (
        "Europe/Berlin",
        "*/30 * * * *",
        "2025-03-30 00:15",
        ["2025-03-30 00:30", "2025-03-30 01:00", "2025-03-30 01:30"],
    ),
    ("America/New_York", "30 2 * * *", "2025-03-08 12:00", ["2025-03-09 07:00", "2025-03-10 06:30"]),
    ("America/New_York", "30 1 * * *", "2025-11-01 12:00", ["2025-11-02 05:30", "2025-11-03 06:30"]),
    ("Australia/Lord_Howe", "15 2 * * *", "2025-10-04 00:00", ["2025-10-04 15:30", "2025-10-05 15:15"]),
    ("Australia/Lord_Howe", "45 1 * * *", "2025-04-05 00:00", ["2025-04-05 14:45", "2025-04-06 15:15"]),
    (
        "Pacific/Apia",
        "0 12 * * *",
        "2011-12-29 00:00",
        ["2011-12-29 22:00", "2011-12-30 10:00", "2011-12-30 22:00"],
    ),
    ("Pacific/Apia", "0 0 30 12 *", "2011-12-29 00:00", ["2011-12-30 10:00"]),
    ("America/Havana", "0 0 * * *", "2025-03-08 12:00", ["2025-03-09 05:00", "2025-03-10 04:00"]),
    ("America/Havana", "30 0 * * *", "2025-11-01 12:00", ["2025-11-02 04:30", "2025-11-03 05:30"]),
]


@pytest.mark.parametrize(("zone", "text", "after", "expected"), KNOWN)
def test_a_known_case_comes_out_as_reckoned_by_hand(zone: str, text: str, after: str, expected: list[str]) -> None:
    due, found = moment(after), []
    for _ in expected:
        due = next_moment(parse_schedule(text, timezone=zone), due)
        found.append(due)
    assert found == [moment(each) for each in expected]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago"])
@pytest.mark.parametrize("text", ["0 0 * * *", "30 1 * * *", "30 2 * * *", "0 3 * * *", "15 23 * * *"])
def test_a_daily_job_runs_once_for_every_day_of_a_year(zone: str, text: str) -> None:
    schedule = parse_schedule(text, timezone=zone)
    year = dues_between(schedule, moment("2024-12-31 12:00"), moment("2025-12-31 12:00"))
    assert len(year) == 365
    assert all(timedelta(hours=22) <= after - before <= timedelta(hours=26) for before, after in pairwise(year))


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Africa/Casablanca", "America/Santiago"])
@pytest.mark.parametrize(("text", "minutes"), [("*/15 * * * *", 15), ("@hourly", 60), ("20 * * * *", 60)])
def test_a_job_within_the_hour_keeps_its_distance_through_every_change(zone: str, text: str, minutes: int) -> None:
    for change in map(moment, CHANGES[zone]):
        dues = dues_between(
            parse_schedule(text, timezone=zone), change - timedelta(hours=5), change + timedelta(hours=5)
        )
        assert {after - before for before, after in pairwise(dues)} == {timedelta(minutes=minutes)}
