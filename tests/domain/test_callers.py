"""Whom a call comes from: nobody's word counts but that of a proxy that is trusted."""

import pytest
from macropod_server.domain.addresses import caller_address, neighbourhood, networks

PROXIES = networks("10.0.0.1, 172.18.0.0/16 2001:db8::/32")
PROXY, NEAR, CALLER, LIAR = "10.0.0.1", "172.18.0.9", "203.0.113.7", "198.51.100.9"


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "found"),
    [
        (CALLER, "", CALLER),
        (CALLER, LIAR, CALLER),
        (PROXY, "", PROXY),
        (PROXY, CALLER, CALLER),
        (PROXY, f"{LIAR}, {CALLER}", CALLER),
        (PROXY, f"{LIAR},{CALLER} , {NEAR}", CALLER),
        (PROXY, f"{NEAR}", NEAR),
        (PROXY, f"{LIAR}, ", PROXY),
        (PROXY, "no address", "no address"),
        (PROXY, f"{LIAR}, no address", "no address"),
        ("2001:db8::1", CALLER, CALLER),
        ("testclient", LIAR, "testclient"),
        ("", LIAR, ""),
    ],
)
def test_a_proxy_that_is_trusted_names_the_caller(peer, forwarded_for, found):
    assert caller_address(peer, forwarded_for, PROXIES) == found


def test_without_proxies_only_who_is_connected_counts():
    assert caller_address(PROXY, CALLER, networks("")) == PROXY


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
