"""When schedules are due, away from changes of the clock; those have `test_schedule_clock_changes`."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from itertools import islice

import pytest
from croniter import croniter
from macropod_server.domain.schedule import next_moment, parse_schedule
from macropod_server.domain.schedule.walk import Calendar, walk


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def dues(text: str, *, after: str, zone: str = "UTC") -> Iterator[datetime]:
    schedule, due = parse_schedule(text, timezone=zone), moment(after)
    while True:
        due = next_moment(schedule, due)
        yield due


CASES = [
    ("* * * * *", "2026-01-01 00:00", ["2026-01-01 00:01", "2026-01-01 00:02"]),
    ("0 2 * * *", "2026-01-01 02:00", ["2026-01-02 02:00", "2026-01-03 02:00"]),
    ("0 2 * * *", "2026-01-01 01:59:59", ["2026-01-01 02:00"]),
    ("5-5 * * * *", "2026-01-01 00:00", ["2026-01-01 00:05", "2026-01-01 01:05"]),
    ("59/15 * * * *", "2026-01-01 00:00", ["2026-01-01 00:59", "2026-01-01 01:59"]),
    ("0 0 31 * *", "2026-01-31 00:00", ["2026-03-31 00:00", "2026-05-31 00:00", "2026-07-31 00:00"]),
    ("0 0 30,31 * *", "2026-01-31 00:00", ["2026-03-30 00:00", "2026-03-31 00:00", "2026-04-30 00:00"]),
    ("0 0 29 2 *", "2026-01-01 00:00", ["2028-02-29 00:00", "2032-02-29 00:00"]),
    ("0 0 29 2 *", "2097-01-01 00:00", ["2104-02-29 00:00"]),
    ("0 0 29 2 */7", "2026-01-01 00:00", ["2032-02-29 00:00", "2060-02-29 00:00", "2088-02-29 00:00"]),
    ("0 0 29 2 */7", "2088-03-01 00:00", ["2128-02-29 00:00"]),
    ("0 0 29 2 1", "2028-02-20 00:00", ["2028-02-21 00:00", "2028-02-28 00:00", "2028-02-29 00:00"]),
    ("0 0 13 * 5", "2026-02-01 00:00", ["2026-02-06 00:00", "2026-02-13 00:00", "2026-02-20 00:00"]),
    ("0 0 13 * 5", "2026-04-11 00:00", ["2026-04-13 00:00", "2026-04-17 00:00"]),
    ("0 0 */2 * 1", "2026-06-01 00:00", ["2026-06-15 00:00", "2026-06-29 00:00", "2026-07-13 00:00"]),
    ("0 0 13 * */5", "2026-01-01 00:00", ["2026-02-13 00:00", "2026-03-13 00:00", "2026-09-13 00:00"]),
    ("0 0 1-31 * 1", "2026-01-01 00:00", ["2026-01-02 00:00", "2026-01-03 00:00"]),
    ("0 0 30 2 5", "2026-02-26 00:00", ["2026-02-27 00:00", "2027-02-05 00:00"]),
    ("30 23 31 12 ?", "2026-01-01 00:00", ["2026-12-31 23:30", "2027-12-31 23:30"]),
    ("0 0 * * 7", "2026-01-01 00:00", ["2026-01-04 00:00", "2026-01-11 00:00"]),
    ("0 0 * * 5-7", "2026-01-01 00:00", ["2026-01-02 00:00", "2026-01-03 00:00", "2026-01-04 00:00"]),
    ("@weekly", "2026-01-01 00:00", ["2026-01-04 00:00"]),
    ("@yearly", "2026-01-01 00:00", ["2027-01-01 00:00"]),
]


@pytest.mark.parametrize(("text", "after", "expected"), CASES)
def test_a_schedule_is_due_when_its_fields_say(text: str, after: str, expected: list[str]) -> None:
    assert list(islice(dues(text, after=after), len(expected))) == [moment(each) for each in expected]


def test_the_answer_is_strictly_after_the_given_moment_also_within_a_second() -> None:
    schedule = parse_schedule("0 2 * * *")
    due = moment("2026-01-01 02:00")
    assert next_moment(schedule, due - timedelta(microseconds=1)) == due
    assert next_moment(schedule, due) == due + timedelta(days=1)
    assert next_moment(schedule, due + timedelta(microseconds=1)) == due + timedelta(days=1)


def test_the_answer_is_in_utc_whatever_the_zone_of_the_question() -> None:
    asked = datetime(2026, 1, 1, 5, 45, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    due = next_moment(parse_schedule("0 6 * * *", timezone="Asia/Kolkata"), asked)
    assert due == moment("2026-01-01 00:30")
    assert due.tzinfo is UTC


COMPARED = [
    "* * * * *",
    "*/7 * * * *",
    "3-59/8 */5 * * *",
    "0 0 * * *",
    "15,45 6-18/3 * * mon-fri",
    "0 12 1,15 * *",
    "0 12 1,15 * 3",
    "30 6 10-20 * 0,6",
    "0 0 28-31 * *",
    "0 0 31 1,3,5,7,8,10,12 *",
    "0 0 29,30 2,4 *",
    "5 4 * feb,nov tue",
    "*/20 22-23 31 dec *",
    "0 0 1 jan-jun/2 ?",
    "10/25 1/9 2/13 * *",
]


@pytest.mark.parametrize("text", COMPARED)
@pytest.mark.parametrize("start", ["2026-01-01 00:00", "2027-12-31 23:59", "2028-02-28 12:00"])
def test_croniter_agrees_where_it_reads_cron_as_we_do(text: str, start: str) -> None:
    theirs = croniter(text, moment(start), datetime)
    assert list(islice(dues(text, after=start), 12)) == [theirs.get_next() for _ in range(12)]


@pytest.mark.parametrize("text", [*COMPARED, "0 0 */3 * 1-4", "0 9 13 * */5", "0 0 1-31 * 2", "7-7 5-5 5-5 * 5-5"])
def test_a_minute_by_minute_walk_agrees(text: str) -> None:
    start, end = moment("2028-02-01 00:00"), moment("2028-04-10 00:00")
    expected = walk(Calendar(text, timezone="UTC"), start, end)[:40]
    assert list(islice(dues(text, after="2028-02-01 00:00"), len(expected))) == expected


RARE = [
    "0 0 29 2 */7",
    "*/5 * 29 2 */7",
    "* * 29 2 */7",
    "59 23 31 12 */6",
    "* 0 29 2 *",
    "*/59 */23 31 */11 */6",
]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Africa/Casablanca"])
@pytest.mark.parametrize("text", RARE)
def test_a_rare_schedule_is_answered_well_within_a_second(text: str, zone: str) -> None:
    schedule = parse_schedule(text, timezone=zone)
    begun = time.perf_counter()
    next_moment(schedule, moment("2088-03-01 00:00"))
    assert time.perf_counter() - begun < 0.5
