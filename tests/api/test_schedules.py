"""The preview of a schedule over HTTP."""

import pytest
from macropod_server.api import examples
from macropod_server.api.schemas import PreviewOut


def ask(client, **query):
    return client.get("/v1/schedules/preview", params=query)


def test_the_next_due_moments_are_told_with_the_words(client):
    told = ask(client, schedule="30 2 * * *", timezone="Europe/Berlin", after="2026-03-27T12:00:00Z", count=2).json()
    assert told == PreviewOut(**examples.PREVIEW).model_dump(mode="json")


def due(told):
    return [each["due_at"][5:16] for each in told["upcoming"]]


def test_a_whole_plan_is_previewed(client, deps):
    told = ask(
        client,
        schedule=["0 13 * * *", "30 13 * * *; 0 14 * * *"],
        starts_at="2026-03-02T13:15:00Z",
        ends_at="2026-03-04T13:00:00Z",
        excluded_dates=["2026-03-03"],
    ).json()
    assert due(told) == ["03-02T13:30", "03-02T14:00", "03-04T13:00"]
    assert told["schedule"] == "0 13 * * *; 30 13 * * *; 0 14 * * *"
    assert told["in_words"] == (
        "at 13:00 every day, and at 13:30 every day, and at 14:00 every day; not on 2026-03-03;"
        " from 2026-03-02 13:15 until 2026-03-04 13:00"
    )


def test_an_interval_counts_from_its_start_or_else_from_the_moment_asked_about(client, deps):
    told = ask(client, every_seconds=5400, after="2026-03-02T12:00:00Z", count=2).json()
    assert (told["schedule"], told["every_seconds"], due(told)) == (None, 5400, ["03-02T13:30", "03-02T15:00"])
    told = ask(client, every_seconds=5400, starts_at="2026-03-02T11:00:00Z", count=2).json()
    assert due(told) == ["03-02T12:30", "03-02T14:00"]


def test_after_the_end_of_a_plan_nothing_is_upcoming(client, deps):
    told = ask(client, schedule="@hourly", ends_at="2026-03-03T00:00:00Z", after="2026-03-03T00:00:00Z").json()
    assert told["upcoming"] == []


def test_without_more_it_is_five_moments_from_now_in_utc(client, deps):
    told = ask(client, schedule="@hourly").json()
    assert (told["timezone"], told["in_words"], len(told["upcoming"])) == ("UTC", "every hour", 5)
    assert told["upcoming"][0]["due_at"] == "2026-03-02T13:00:00Z"


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ({"schedule": "61 * * * *"}, "minute"),
        ({"schedule": "* * * * *", "timezone": "Mars/Base"}, "timezone"),
        ({"schedule": "* * * * *", "count": 101}, "count"),
        ({"schedule": "* * * * *", "after": "soon"}, "after"),
        ({"schedule": "* * * * *", "after": "9999-12-31T00:00:00Z"}, "after"),
        ({"schedule": "* * * * *", "after": "0001-01-01T00:00:00Z"}, "after"),
        ({"schedule": ["@daily", "* * *"]}, "schedule"),
        ({"schedule": "@daily", "every_seconds": 60}, "schedule"),
        ({"every_seconds": 0}, "every_seconds"),
        ({"every_seconds": 10**12}, "every_seconds"),
        ({"every_seconds": 60, "timezone": "Mars/Base"}, "timezone"),
        ({"schedule": "@daily", "starts_at": "2026-03-02T12:00:00"}, "starts_at"),
        ({"schedule": "@daily", "ends_at": "2026-03-01T12:00:00Z"}, "ends_at"),
        ({"schedule": "@daily", "excluded_dates": ["Christmas"]}, "excluded_dates"),
        ({}, "schedule"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_field_and_reason(client, query, where):
    answer = ask(client, **query)
    assert answer.status_code == 422
    assert any(where in each["where"] for each in answer.json()["details"])
