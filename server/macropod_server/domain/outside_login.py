"""A log-in on its way through a provider: what the browser carries meanwhile, signed, so that nobody else ends it."""

import secrets
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from hmac import compare_digest

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from macropod_server.domain.access_tokens import derived_key
from macropod_server.domain.errors import Unauthorized

LASTS = timedelta(minutes=10)

_ALGORITHM = "HS256"
_LONGEST = 8192


@dataclass(frozen=True)
class OutsideLogin:
    """`goes_to` is the page of ours that was wanted."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    goes_to: str


def new_outside_login(goes_to: str) -> OutsideLogin:
    return OutsideLogin(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48), goes_to)


def sealed(login: OutsideLogin, *, key: bytes, now: datetime) -> str:
    claims = asdict(login) | {"exp": int((now + LASTS).timestamp())}
    return jwt.encode({"alg": _ALGORITHM}, claims, _key(key), algorithms=[_ALGORITHM])


def unsealed(text: str, *, state: str, key: bytes, now: datetime) -> OutsideLogin:
    """Raises `Unauthorized` for one that is over, is not ours, or whose state is another."""
    try:
        claims = jwt.decode(text[:_LONGEST], _key(key), algorithms=[_ALGORITHM]).claims
        is_over = claims.pop("exp") <= now.timestamp()
        login = OutsideLogin(**claims)
    except (JoseError, ValueError, TypeError, KeyError):
        raise _lost() from None
    if is_over or not compare_digest(login.state.encode(), state.encode()):
        raise _lost()
    return login


def _key(key: bytes) -> OctKey:
    return OctKey.import_key(derived_key(key, "log-ins through a provider"))


def _lost() -> Unauthorized:
    return Unauthorized("This log-in was begun elsewhere, or too long ago. Begin anew.")
