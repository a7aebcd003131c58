"""What the benchmarks make of their samples: verdicts, percentiles and the page."""

import pytest

from benchmarks.figures import Figure, at_least, at_most, at_most_times_bare, percentile
from benchmarks.report import page


@pytest.mark.parametrize(
    ("target", "value", "baseline", "is_reached"),
    [
        (at_most(120), 120, None, True),
        (at_most(120), 120.1, None, False),
        (at_least(10), 10, None, True),
        (at_least(10), 9.9, None, False),
        (at_most_times_bare(4), 40, 10, True),
        (at_most_times_bare(4), 41, 10, False),
        (at_most_times_bare(4), 1, None, False),
        (at_most(120), None, None, False),
    ],
)
def test_a_target_is_reached_up_to_its_bound_and_never_without_a_measurement(target, value, baseline, is_reached):
    assert Figure("x", value, "ms", baseline, (target,)).reaches(target) is is_reached


@pytest.mark.parametrize(("percent", "expected"), [(50, 50), (99, 99), (99.5, 100), (100, 100), (0, 1)])
def test_a_percentile_is_one_of_the_values(percent, expected):
    assert percentile(list(range(100, 0, -1)), percent) == expected


def test_the_page_names_what_is_not_reached_and_what_was_not_measured():
    figures = [
        Figure("first line", 84.1, "ms", 12.8, (at_most(120), at_most_times_bare(4))),
        Figure("containers", None, "ms", targets=(at_most_times_bare(1.5),), note="not measured: no engine"),
    ]
    text = page(figures, machine={"cores": "2"}, methods={"first_line": "How it is done."})
    assert "| first line | 84.1 ms | 12.8 ms | 6.57 × | ≤ 120 ms | reached |" in text
    assert "|  |  |  |  | ≤ 4 × bare | not reached |" in text
    assert "| containers | - | - | - | ≤ 1.5 × bare | not measured: no engine |" in text
    assert "- cores: 2" in text
    assert "**`first_line`**: How it is done." in text
