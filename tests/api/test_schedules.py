"""The preview of a schedule over HTTP."""

import pytest
from macropod_server.api import examples
from macropod_server.api.schemas import PreviewOut


def ask(client, **query):
    return client.get("/v1/schedules/preview", params=query)


def test_the_next_due_moments_are_told_with_the_words(client):
    told = ask(client, schedule="30 2 * * *", timezone="Europe/Berlin", after="2026-03-27T12:00:00Z", count=2).json()
    assert told == PreviewOut(**examples.PREVIEW).model_dump(mode="json")


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
        ({}, "schedule"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_field_and_reason(client, query, where):
    answer = ask(client, **query)
    assert answer.status_code == 422
    assert where in [each["where"] for each in answer.json()["details"]]
