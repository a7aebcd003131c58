"""Access tokens: JSON Web Tokens that say who calls, for a few minutes, and through which session or run."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode
from binascii import Error as NoBase64
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from macropod_server.domain.errors import Unauthorized

LIFETIME = timedelta(minutes=5)

_ALGORITHM = "HS256"
_PARTS = 3
_LONGEST = 4096


@dataclass(frozen=True)
class Access:
    """Whom an access token speaks for. Either `session_id` or `run_id` says through what."""

    user_id: str
    email: str
    name: str
    session_id: str | None = None
    run_id: str | None = None


def looks_like_access_token(token: str) -> bool:
    return token.count(".") == _PARTS - 1


def access_token(access: Access, *, key: bytes, issuer: str, now: datetime) -> str:
    """Good until `LIFETIME` from now, on every server that has the same key."""
    through = {"sid": access.session_id} if access.session_id else {"run": access.run_id}
    who = {"sub": access.user_id, "email": access.email, "name": access.name}
    issued_at = int(now.timestamp())
    expires_at = issued_at + int(LIFETIME.total_seconds())
    claims = who | through | {"iss": issuer, "iat": issued_at, "exp": expires_at}
    return jwt.encode({"alg": _ALGORITHM, "typ": "JWT"}, claims, _signing_key(key), algorithms=[_ALGORITHM])


def read_access_token(token: str, *, key: bytes, issuer: str, now: datetime) -> Access:
    """Raises `Unauthorized` for one that is over, or that no server of this installation made."""
    claims = _verified(token, key)
    match claims:
        case {"iss": str(made_by), "exp": int(expires_at), "sub": str(), "email": str(), "name": str()}:
            if made_by != issuer or not _says_through_what(claims):
                raise _unknown()
        case _:
            raise _unknown()
    if expires_at <= now.timestamp():
        raise Unauthorized("This access token is over; it is good for some minutes. Refresh the session.")
    return Access(claims["sub"], claims["email"], claims["name"], claims.get("sid"), claims.get("run"))


def names_a_run(token: str) -> bool:
    """Whether it says to be of a run. That it is genuine is for `read_access_token` to find."""
    if not looks_like_access_token(token) or len(token) > _LONGEST:
        return False
    try:
        payload = token.split(".")[1]
        claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, NoBase64, RecursionError):
        return False
    return isinstance(claims, dict) and isinstance(claims.get("run"), str)


def derived_key(key: bytes, purpose: str) -> bytes:
    """A key for one purpose, from which neither the installation's own nor those for others can be told."""
    return hmac.new(key, f"key for {purpose}".encode(), hashlib.sha256).digest()


def _signing_key(key: bytes) -> OctKey:
    return OctKey.import_key(derived_key(key, "access tokens"))


def _verified(token: str, key: bytes) -> dict[str, Any]:
    if len(token) > _LONGEST:
        raise _unknown()
    try:
        return jwt.decode(token, _signing_key(key), algorithms=[_ALGORITHM]).claims
    except (JoseError, ValueError, RecursionError):
        raise _unknown() from None


def _says_through_what(claims: dict[str, Any]) -> bool:
    through = [claims[name] for name in ("sid", "run") if name in claims]
    return len(through) == 1 and isinstance(through[0], str)


def _unknown() -> Unauthorized:
    return Unauthorized("This access token is not of this installation. Sign in again.")
