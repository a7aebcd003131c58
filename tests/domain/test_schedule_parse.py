"""Which schedules are taken, and why others are refused."""

import pytest
from macropod_server.domain.errors import Invalid
from macropod_server.domain.schedule import parse_schedule

EVERY_MINUTE, EVERY_HOUR = tuple(range(60)), tuple(range(24))

TAKEN = [
    ("* * * * *", "minutes", EVERY_MINUTE),
    ("? ? ? ? ?", "minutes", EVERY_MINUTE),
    ("?/30 * * * *", "minutes", (0, 30)),
    ("0 2 * * *", "hours", (2,)),
    ("05 02 * * *", "minutes", (5,)),
    ("*/15 * * * *", "minutes", (0, 15, 30, 45)),
    ("*/25 * * * *", "minutes", (0, 25, 50)),
    ("*/60 * * * *", "minutes", (0,)),
    ("5/20 * * * *", "minutes", (5, 25, 45)),
    ("59/15 * * * *", "minutes", (59,)),
    ("10-20/5 * * * *", "minutes", (10, 15, 20)),
    ("10-20/45 * * * *", "minutes", (10,)),
    ("5-5 * * * *", "minutes", (5,)),
    ("30,0,30 * * * *", "minutes", (0, 30)),
    ("1-3,2-5,50/5 * * * *", "minutes", (1, 2, 3, 4, 5, 50, 55)),
    ("0 9-17 * * *", "hours", tuple(range(9, 18))),
    ("0 0-23 * * *", "hours", EVERY_HOUR),
    ("0 0 1,15,31 * *", "days_of_month", (1, 15, 31)),
    ("0 0 20/5 * *", "days_of_month", (20, 25, 30)),
    ("0 0 * jan,JUL,Dec *", "months", (1, 7, 12)),
    ("0 0 * mar-may *", "months", (3, 4, 5)),
    ("0 0 * FEB/5 *", "months", (2, 7, 12)),
    ("0 0 * * mon-fri", "days_of_week", (1, 2, 3, 4, 5)),
    ("0 0 * * SUN", "days_of_week", (0,)),
    ("0 0 * * 7", "days_of_week", (0,)),
    ("0 0 * * 5-7", "days_of_week", (0, 5, 6)),
    ("0 0 * * 0-7", "days_of_week", (0, 1, 2, 3, 4, 5, 6)),
    ("0 0 * * 1/2", "days_of_week", (1, 3, 5)),
    ("0 0 * * 7/2", "days_of_week", (0,)),
    ("0 0 * * */2", "days_of_week", (0, 2, 4, 6)),
    ("  0\t2  *\t* * ", "hours", (2,)),
    ("@hourly", "hours", EVERY_HOUR),
    ("@daily", "hours", (0,)),
    ("@midnight", "minutes", (0,)),
    ("@weekly", "days_of_week", (0,)),
    ("@monthly", "days_of_month", (1,)),
    ("@yearly", "months", (1,)),
    ("@Annually", "months", (1,)),
    ("0 0 29 2 *", "days_of_month", (29,)),
    ("0 0 30 2 5", "days_of_month", (30,)),
    ("0 0 30,31 2,4 *", "days_of_month", (30, 31)),
]

REFUSED = [
    ("", "schedule", "field_count"),
    ("   ", "schedule", "field_count"),
    ("0 2 * *", "schedule", "field_count"),
    ("0 0 2 * * *", "schedule", "field_count"),
    ("0 0 2 * * * 2026", "schedule", "field_count"),
    ("0 2 * * *\n0 3 * * *", "schedule", "field_count"),
    ("0\u00a02 * * *", "schedule", "field_count"),
    ("0 2 * *\n*", "schedule", "field_count"),
    ("@every 1h", "schedule", "unknown_macro"),
    ("@reboot", "schedule", "unknown_macro"),
    ("@", "schedule", "unknown_macro"),
    ("@daily @daily", "schedule", "unknown_macro"),
    ("TZ=Europe/Berlin 0 2 * * *", "schedule", "timezone_in_text"),
    ("CRON_TZ=UTC 0 2 * * *", "schedule", "timezone_in_text"),
    ("0 2 * * * tz=UTC", "schedule", "timezone_in_text"),
    ("0" * 1001, "schedule", "too_long"),
    ("60 * * * *", "minute", "out_of_range"),
    ("0-60 * * * *", "minute", "out_of_range"),
    ("99999999999999999999 * * * *", "minute", "out_of_range"),
    ("0 24 * * *", "hour", "out_of_range"),
    ("0 0 0 * *", "day_of_month", "out_of_range"),
    ("0 0 32 * *", "day_of_month", "out_of_range"),
    ("0 0 * 0 *", "month", "out_of_range"),
    ("0 0 * 13 *", "month", "out_of_range"),
    ("0 0 * * 8", "day_of_week", "out_of_range"),
    ("-1 * * * *", "minute", "not_a_value"),
    ("5- * * * *", "minute", "not_a_value"),
    ("1-3-5 * * * *", "minute", "not_a_value"),
    ("x * * * *", "minute", "not_a_value"),
    ("1.5 * * * *", "minute", "not_a_value"),
    ("+5 * * * *", "minute", "not_a_value"),
    ("\u0665 * * * *", "minute", "not_a_value"),
    ("\u00b2 * * * *", "minute", "not_a_value"),
    ("** * * * *", "minute", "not_a_value"),
    ("*5 * * * *", "minute", "not_a_value"),
    ("*-5 * * * *", "minute", "not_a_value"),
    ("/5 * * * *", "minute", "not_a_value"),
    ("jan * * * *", "minute", "not_a_value"),
    ("0 0 L * *", "day_of_month", "not_a_value"),
    ("0 0 15W * *", "day_of_month", "not_a_value"),
    ("0 0 * mon *", "month", "not_a_value"),
    ("0 0 * january *", "month", "not_a_value"),
    ("0 0 * * jan", "day_of_week", "not_a_value"),
    ("0 0 * * 1#2", "day_of_week", "not_a_value"),
    ("H * * * *", "minute", "not_a_value"),
    ("30-10 * * * *", "minute", "wrapped_range"),
    ("0 22-4 * * *", "hour", "wrapped_range"),
    ("0 0 * nov-feb *", "month", "wrapped_range"),
    ("0 0 * * fri-mon", "day_of_week", "wrapped_range"),
    ("0 0 * * sat-sun", "day_of_week", "wrapped_range"),
    ("*/0 * * * *", "minute", "bad_step"),
    ("*/-5 * * * *", "minute", "bad_step"),
    ("*/ * * * *", "minute", "bad_step"),
    ("*/x * * * *", "minute", "bad_step"),
    ("*/5/5 * * * *", "minute", "bad_step"),
    ("*/90 * * * *", "minute", "bad_step"),
    ("0 */25 * * *", "hour", "bad_step"),
    ("1,,2 * * * *", "minute", "empty_member"),
    (",1 * * * *", "minute", "empty_member"),
    ("1, * * * *", "minute", "empty_member"),
    (", * * * *", "minute", "empty_member"),
    ("0 0 30 2 *", "day_of_month", "never_due"),
    ("0 0 31 2,4,6,9,11 *", "day_of_month", "never_due"),
    ("0 0 31 4 */2", "day_of_month", "never_due"),
]


@pytest.mark.parametrize(("text", "field", "values"), TAKEN)
def test_a_sound_schedule_is_read(text: str, field: str, values: tuple[int, ...]) -> None:
    assert getattr(parse_schedule(text), field) == values


@pytest.mark.parametrize(("text", "where", "code"), REFUSED)
def test_a_bad_schedule_is_refused_with_the_field_and_the_reason(text: str, where: str, code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_schedule(text)
    (problem,) = refusal.value.problems
    assert (problem.where, problem.code) == (where, code)
    assert problem.message.endswith(".")


def test_every_wrong_field_and_the_time_zone_are_named_at_once() -> None:
    with pytest.raises(Invalid) as refusal:
        parse_schedule("60 24 * 13 *", timezone="Mars/Olympus")
    assert [problem.where for problem in refusal.value.problems] == ["minute", "hour", "month", "timezone"]
    assert all(problem.message in refusal.value.message for problem in refusal.value.problems)


@pytest.mark.parametrize("one", [{"0 2 * * *"}, frozenset({"0 2 * * *"}), ["0 2 * * *"], ("0 2 * * *",)])
def test_a_one_element_set_holding_the_text_is_taken(one: set[str] | list[str] | tuple[str]) -> None:
    assert parse_schedule(one) == parse_schedule("0 2 * * *")


@pytest.mark.parametrize("other", [set(), ["0 2 * * *", "0 3 * * *"], [5], {"0 2 * * *": 1}, None, 5, b"0 2 * * *"])
def test_anything_but_one_text_is_refused(other: object) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_schedule(other)  # type: ignore[arg-type]
    assert refusal.value.problems[0].code == "not_a_text"


def test_a_schedule_without_a_time_zone_is_in_utc() -> None:
    assert parse_schedule("0 2 * * *").timezone == "UTC"


@pytest.mark.parametrize(
    "name",
    ["", "utc+1", "+02:00", "Europe", "Europe/", "../UTC", "/etc/localtime", "zone.tab", "europe/berlin"],
)
def test_an_unknown_time_zone_is_refused(name: str) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_schedule("0 2 * * *", timezone=name)
    assert [(each.where, each.code) for each in refusal.value.problems] == [("timezone", "unknown_timezone")]


def test_a_misspelt_time_zone_is_answered_with_the_close_one() -> None:
    with pytest.raises(Invalid, match=r"did you mean Europe/Berlin\?"):
        parse_schedule("0 2 * * *", timezone="Europe/Berln")


@pytest.mark.parametrize("name", ["CEST", "PST", "MESZ", "Z", "x"])
def test_no_abbreviation_is_answered_with_another_one(name: str) -> None:
    with pytest.raises(Invalid, match=r"use an IANA name such as Europe/Berlin\."):
        parse_schedule("0 2 * * *", timezone=name)


@pytest.mark.parametrize(("name", "meant"), [("utc", "UTC"), ("europe/berlin", "Europe/Berlin")])
def test_a_time_zone_in_other_letters_is_answered_with_its_name(name: str, meant: str) -> None:
    with pytest.raises(Invalid, match=rf"did you mean {meant}\?"):
        parse_schedule("0 2 * * *", timezone=name)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("0 22-4 * * *", "22-23,0-4"),
        ("30-10 * * * *", "30-59,0-10"),
        ("0 0 * nov-feb *", "nov-dec,jan-feb"),
        ("0 0 * * fri-mon", "fri-sat,sun-mon"),
        ("0 0 * * SAT-sun", "SAT,sun"),
        ("0 0 * * 6-0", "6,0"),
    ],
)
def test_a_range_over_the_end_is_answered_with_two_that_can_be_read(text: str, parts: str) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_schedule(text)
    assert refusal.value.message.endswith(f"write {parts}.")
    (wrapped,) = [each for each in text.split() if "-" in each]
    parse_schedule(text.replace(wrapped, parts))


@pytest.mark.parametrize(("text", "count"), [("5", "1 field"), ("5 5", "2 fields"), ("", "0 fields")])
def test_fields_are_counted_as_people_count(text: str, count: str) -> None:
    with pytest.raises(Invalid, match=f"has {count}; it takes five"):
        parse_schedule(text)


def test_a_very_long_time_zone_is_refused_at_once_and_not_repeated_in_full() -> None:
    with pytest.raises(Invalid) as refusal:
        parse_schedule("0 2 * * *", timezone="x" * 1_000_000)
    assert len(refusal.value.message) < 200


@pytest.mark.parametrize(
    ("text", "either"),
    [
        ("0 0 13 * 5", True),
        ("0 0 1-31 * 5", True),
        ("0 0 13 * *", False),
        ("0 0 */2 * 1", False),
        ("0 0 13 * */2", False),
    ],
)
def test_both_day_fields_restricted_means_either_day(text: str, either: bool) -> None:
    assert parse_schedule(text).either_day is either


@pytest.mark.parametrize(
    ("text", "follows"),
    [
        ("0 2 * * *", False),
        ("0,30 1-4 * * *", False),
        ("@daily", False),
        ("*/15 2 * * *", True),
        ("0 */2 * * *", True),
        ("? 2 * * *", True),
        ("0 0-23 * * *", True),
        ("@hourly", True),
    ],
)
def test_an_open_minute_or_hour_follows_elapsed_time(text: str, follows: bool) -> None:
    assert parse_schedule(text).follows_elapsed_time is follows
