"""The way from pods of a cluster to this machine, for whoever plays the server there."""

import os
import socket
from urllib.parse import urlsplit

_ANYWHERE = ("192.0.2.1", 9)
"""Of the addresses that are kept for documentation: nothing is sent, only the way there is looked up."""


def place_for_pods(api_url: str) -> tuple[str, int]:
    """Host and port at which pods reach this machine; port 0 where any does. That of MACROPOD_RUNNER_URL, else the
    address from which this machine reaches the API, or the rest of the world where the API is on this machine.
    """
    if told := os.environ.get("MACROPOD_RUNNER_URL"):
        parts = urlsplit(told)
        return parts.hostname or "", parts.port or 80
    api = urlsplit(api_url)
    address = _own_address((api.hostname or "", api.port or 443))
    return (_own_address(_ANYWHERE) if address.startswith("127.") or address == "::1" else address), 0


def free_port(wanted: int) -> int:
    """The one wanted, or any when it is taken: whoever tells one may have a server of his own there."""
    for port in (wanted, 0):
        with socket.socket() as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                one.bind(("", port))
            except OSError:
                continue
            return int(one.getsockname()[1])
    raise RuntimeError("There is no free port.")


def _own_address(there: tuple[str, int]) -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
        try:
            way.connect(there)
        except OSError as error:
            raise RuntimeError(
                f"No way leads from pods to this machine ({error}). Set MACROPOD_RUNNER_URL to an address of it that "
                "they reach, such as http://10.0.0.5:8085."
            ) from None
        return str(way.getsockname()[0])
