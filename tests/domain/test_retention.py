"""How long things are kept, and long rows of things in pieces."""

from datetime import UTC, datetime, timedelta

import pytest
from macropod_server.domain.portions import portions
from macropod_server.domain.retention import Bound, bound

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ({}, Bound(None, None)),
        ({"days": 0, "most": 0}, Bound(None, None)),
        ({"days": 1}, Bound(NOW - timedelta(days=1), None)),
        ({"most": 7}, Bound(None, 7)),
        ({"days": 10**8}, Bound(None, None)),
        ({"days": 10**12}, Bound(None, None)),
    ],
)
def test_zero_and_longer_than_any_calendar_are_for_ever(wish, expected):
    assert bound(NOW, **wish) == expected


@pytest.mark.parametrize(
    ("count", "size", "expected"), [(0, 3, []), (3, 3, [[0, 1, 2]]), (7, 3, [[0, 1, 2], [3, 4, 5], [6]])]
)
def test_portions_hold_everything_in_order(count, size, expected):
    assert list(portions(range(count), size)) == expected


def test_portions_are_read_no_further_than_needed():
    rest = iter(range(10))
    assert next(portions(rest, 4)) == [0, 1, 2, 3]
    assert next(rest) == 4
