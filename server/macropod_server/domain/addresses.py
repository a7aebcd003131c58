"""What an address of a machine says about who reaches it."""

from collections.abc import Collection
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network


def is_loopback(host: str) -> bool:
    """Whether only the machine itself comes in there."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def neighbourhood(address: str) -> str:
    """The address, or of IPv6 the network of 64 bits around it: who has one address there has them all."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if isinstance(found, IPv6Address) and found.ipv4_mapped is None:
        return str(IPv6Network((int(found) >> 64 << 64, 64)))
    return str(getattr(found, "ipv4_mapped", None) or found)


def networks(text: str) -> frozenset[Network]:
    """Those between commas and spaces, addresses alone too. Raises `ValueError`."""
    return frozenset(ip_network(each, strict=False) for each in text.replace(",", " ").split())


def caller_address(peer: str, forwarded_for: str, proxies: Collection[Network]) -> str:
    """Whom a call comes from: who is connected, or whom a proxy that is trusted names as last before itself."""
    address = peer
    for before in reversed(forwarded_for.split(",")):
        if not before.strip() or not _is_among(address, proxies):
            break
        address = before.strip()
    return address


def _is_among(address: str, known: Collection[Network]) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return any(found in each for each in known)
