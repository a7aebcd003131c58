"""Tables for people."""

import pytest
from macropod_server.commands import table


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (None, "-"),
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (3 * 1024**3, "3.0 GiB"),
        (5 * 1024**5, "5120.0 TiB"),
    ],
)
def test_sizes_are_shown_in_the_unit_that_fits(count, shown):
    assert table.size(count) == shown


def test_words_stand_to_the_left_and_numbers_to_the_right():
    rows = [("runs", "1,234", "5 B"), ("environments", "7", "-")]
    assert table.lines(("kind", "count", "bytes"), rows) == [
        "kind          count  bytes",
        "runs          1,234    5 B",
        "environments      7      -",
    ]
