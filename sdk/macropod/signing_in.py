"""Sign in as a person, with a password or in a browser, and get a token for this machine by it."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass, field

from macropod.answers import Answer, reading
from macropod.client import Client
from macropod.connection import Connection, identifier
from macropod.errors import LoginExpired, LoginPending, LoginTooFast, NotFound, Unauthorized

NOBODYS = "nobody"
"""What a client is opened with that is going to sign in; the calls that sign in look at no token."""
_GOOD_FOR_DAYS = 90
_SLOWER_SECONDS = 5


@dataclass(frozen=True)
class MachineToken:
    """A token that acts as the person who signed in; `id` is by what it is revoked."""

    id: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class Invitation:
    """What a person is asked to do: open the address, and see that it shows the code."""

    address: str
    code: str


def sign_in_with_password(client: Client, email: str, password: str) -> MachineToken:
    """Raises `Unauthorized` when they are wrong, and `TooMany` for who tries too often."""
    connection = client._connection.with_token(NOBODYS)
    return _machine_token(connection, connection.post("/v1/session", json={"email": email, "password": password}))


def sign_in_on_the_web(client: Client, invite: Callable[[Invitation], None]) -> MachineToken:
    """Waits until somebody has said yes in a browser. Raises `LoginDenied` and `LoginExpired`."""
    connection = client._connection.with_token(NOBODYS)
    begun = connection.post("/v1/session/device")
    with reading("log-in"):
        invitation = Invitation(begun["verification_uri_complete"], begun["user_code"])
        device_code, interval, seconds = begun["device_code"], begun["interval"], begun["expires_in"]
    invite(invitation)
    over_at = connection.clock.now() + seconds
    while connection.clock.now() < over_at:
        connection.clock.sleep(interval)
        try:
            signed_in = connection.post("/v1/session/device/token", json={"device_code": device_code})
        except LoginTooFast:
            interval += _SLOWER_SECONDS
        except LoginPending:
            continue
        else:
            return _machine_token(connection, signed_in)
    raise LoginExpired("Nobody said yes in time. Begin anew.")


def sign_out(client: Client, token_id: str) -> bool:
    """Revoke the token of this machine; False where the server does not know it any more."""
    try:
        client._connection.delete(f"/v1/tokens/{identifier(token_id)}")
    except (Unauthorized, NotFound):
        return False
    return True


def _machine_token(connection: Connection, signed_in: Answer) -> MachineToken:
    """The session is for nothing else, and ends here."""
    with reading("session"):
        session = connection.with_token(signed_in["access_token"])
    wish = {"name": f"macropod login on {platform.node()}"[:200], "scope": "admin", "expires_in_days": _GOOD_FOR_DAYS}
    made = session.post("/v1/tokens", json=wish)
    session.delete("/v1/session")
    with reading("token"):
        return MachineToken(made["id"], made["secret"])
