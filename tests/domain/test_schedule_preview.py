"""What people are shown of a schedule before they trust it."""

from datetime import UTC, datetime

import pytest
from macropod_server.domain.schedule import preview, read_plan


def shown(text, zone, after, count=2):
    moments = preview(
        read_plan(text, timezone=zone), after=datetime.fromisoformat(after).replace(tzinfo=UTC), count=count
    )
    return [
        (each.due_at.strftime("%d %H:%M"), each.local_at.strftime("%d %H:%M"), each.clock_change) for each in moments
    ]


@pytest.mark.parametrize(
    ("zone", "after", "expected"),
    [
        ("UTC", "2026-03-28", [("28 02:30", "28 02:30", None), ("29 02:30", "29 02:30", None)]),
        ("Europe/Berlin", "2026-03-28", [("28 01:30", "28 02:30", None), ("29 01:00", "29 03:00", "forward")]),
        ("Europe/Berlin", "2026-10-24", [("24 00:30", "24 02:30", None), ("25 00:30", "25 02:30", "back")]),
        ("America/Havana", "2026-03-07", [("07 07:30", "07 02:30", None), ("08 06:30", "08 02:30", "forward")]),
    ],
)
def test_due_moments_are_shown_in_utc_and_local_with_days_of_clock_change_marked(zone, after, expected):
    assert shown("30 2 * * *", zone, after) == expected


def test_as_many_are_shown_as_asked_for():
    assert len(shown("* * * * *", "UTC", "2026-01-01", count=7)) == 7


def test_a_plan_that_ends_shows_what_is_left():
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    plan = read_plan(["0 13 * * *", "0 14 * * *"], ends_at=noon.replace(hour=14))
    assert [each.due_at.hour for each in preview(plan, after=noon, count=5)] == [13, 14]
    assert preview(plan, after=noon.replace(hour=14), count=5) == []
