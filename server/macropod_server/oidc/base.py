"""What a provider of OpenID Connect is asked for, and what it tells."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from macropod_server.domain.errors import Unavailable
from macropod_server.domain.outside_login import OutsideLogin


class ProviderAway(Unavailable):
    """It does not answer, or not as a provider does."""


@dataclass(frozen=True)
class OutsidePerson:
    """`issuer` and `subject` together stay the same for ever; all else may change."""

    issuer: str
    subject: str
    email: str
    is_email_verified: bool
    name: str


class Provider(Protocol):
    @property
    def name(self) -> str:
        """What people call it."""

    def address_to_sign_in(self, login: OutsideLogin, *, redirect_url: str, now: datetime) -> str:
        """Where a browser goes to sign in. Raises `ProviderAway`."""

    def redeem(self, code: str, login: OutsideLogin, *, redirect_url: str, now: datetime) -> OutsidePerson:
        """Who it was. Asks the provider once per code.

        Raises `Unauthorized` for a code it does not take (any more), and for an ID token that it did not sign, that is
        for somebody else, over, or of another log-in; `ProviderAway` when it cannot be asked.
        """

    def close(self) -> None: ...
