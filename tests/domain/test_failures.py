"""When failures in a row pause a task."""

import pytest
from macropod_server.domain.failures import failures_after, why_paused
from macropod_server.domain.run import RunStatus


@pytest.mark.parametrize(
    ("status", "after"), [("success", 0), ("failure", 3), ("timed_out", 3), ("lost", 3), ("killed", 2)]
)
def test_failures_in_a_row(status, after):
    assert failures_after(2, RunStatus(status)) == after


@pytest.mark.parametrize(("failures", "most"), [(2, None), (2, 3), (0, 1)])
def test_fewer_are_not_enough(failures, most):
    assert why_paused(failures, most, message="x") is None


@pytest.mark.parametrize(
    ("failures", "message", "sentence"),
    [
        (3, "main.py ended with exit code 3.", "3 runs in a row failed; the last one: main.py ended with exit code 3."),
        (3, None, "3 runs in a row failed."),
        (1, None, "a run failed."),
    ],
)
def test_enough_are_told(failures, message, sentence):
    assert why_paused(failures, 1, message=message) == sentence
