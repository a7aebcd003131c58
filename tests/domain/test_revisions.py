"""Which databases a server works with, told from the names of revisions."""

import pytest
from macropod_server.domain.revisions import Fit, fit


@pytest.mark.parametrize(
    ("found", "own", "expected"),
    [
        (None, "0002", Fit.BEHIND),
        ("0001", "0002", Fit.BEHIND),
        ("0002", "0002", Fit.SAME),
        ("0003", "0002", Fit.AHEAD),
        ("0017", "0002", Fit.AHEAD),
        ("0004_from_0003", "0002", Fit.TOO_NEW),
        ("0004_from_0003", "0003", Fit.AHEAD),
        ("0004_from_0003", "0004_from_0003", Fit.SAME),
        ("0009_from_0003", "0004_from_0003", Fit.AHEAD),
        ("0009_from_0005", "0004_from_0003", Fit.TOO_NEW),
        ("0003", "0004_from_0003", Fit.BEHIND),
        ("made elsewhere", "0002", Fit.TOO_NEW),
        ("", "0002", Fit.TOO_NEW),
    ],
)
def test_a_server_works_with_its_own_revision_and_with_later_ones_that_took_nothing_from_it(found, own, expected):
    assert fit(found, own=own) is expected
