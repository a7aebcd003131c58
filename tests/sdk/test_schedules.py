"""The preview of a schedule through SDK and command line, on the real application."""

import json
from datetime import UTC, datetime

import macropod
import pytest

from tests.sdk_calls import Call

AFTER = datetime(2026, 3, 27, 12, tzinfo=UTC)


def test_a_preview_is_a_list_of_moments_with_the_schedule_in_words(client: macropod.Client) -> None:
    upcoming = client.preview_schedule({"30 2 * * *"}, "Europe/Berlin", after=AFTER, count=2)
    assert (upcoming.schedule, upcoming.timezone, upcoming.in_words) == (
        "30 2 * * *",
        "Europe/Berlin",
        "at 02:30 every day",
    )
    assert [each.due_at for each in upcoming] == [
        datetime(2026, 3, 28, 1, 30, tzinfo=UTC),
        datetime(2026, 3, 29, 1, 0, tzinfo=UTC),
    ]
    assert [each.clock_change for each in upcoming] == [None, "forward"]
    assert upcoming[1].local_at.hour == 3
    assert "clocks go forward" in upcoming._repr_html_()


def test_a_bad_schedule_names_its_field(client: macropod.Client) -> None:
    with pytest.raises(macropod.Invalid) as refusal:
        client.preview_schedule("61 * * * *")
    assert refusal.value.problems[0].where == "minute"


def test_a_moment_that_is_none_is_refused(client: macropod.Client) -> None:
    with pytest.raises(macropod.Invalid, match="after is '2026-03-27', a str; it takes a datetime"):
        client.preview_schedule("@hourly", after="2026-03-27")  # type: ignore[arg-type]


def test_the_command_prints_the_moments_and_says_the_words(call: Call) -> None:
    options = ("--timezone", "Europe/Berlin", "--after", "2026-03-27T12:00Z", "--count", 2, "-o", "jsonl")
    code, out, err = call("schedule", "preview", "30 2 * * *", *options)
    assert code == 0
    assert [json.loads(line)["due_at"] for line in out.splitlines()] == [
        "2026-03-28T01:30:00+00:00",
        "2026-03-29T01:00:00+00:00",
    ]
    assert "at 02:30 every day" in err
