"""Whom a call comes from, as far as it counts."""

import pytest
from macropod_server.domain.addresses import neighbourhood


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("testclient", "testclient"),
        ("x" * 1000, "x" * 64),
        ("", ""),
    ],
)
def test_of_ipv6_a_network_counts_as_one_address(address, found):
    assert neighbourhood(address) == found
