"""What an address of a machine says about who reaches it."""

from ipaddress import ip_address


def is_loopback(host: str) -> bool:
    """Whether only the machine itself comes in there."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
