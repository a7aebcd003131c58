"""One provider of OpenID Connect, found by discovery: code flow with PKCE, ID tokens checked against its keys."""

import ssl
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Any

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import OAuth2Client
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from macropod_server.domain.errors import Unauthorized
from macropod_server.domain.oidc_settings import OidcSettings
from macropod_server.domain.outside_login import OutsideLogin
from macropod_server.oidc.base import OutsidePerson, ProviderAway
from macropod_server.oidc.guarded import ANSWER_SECONDS, CONNECT_SECONDS, GuardedTransport, check_address

_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
_KEPT_FOR = timedelta(hours=1)
_KEYS_ASKED_EVERY = timedelta(minutes=1)
_LEEWAY_SECONDS = 60
_LONGEST_SUBJECT = 255
_ADDRESSES = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class OidcProvider:
    def __init__(self, settings: OidcSettings) -> None:
        self.name = settings.name
        self._settings = settings
        # The system's certificates, or those of SSL_CERT_FILE; proxies of the environment are none of its business.
        inner = httpx2.HTTPTransport(verify=ssl.create_default_context(), trust_env=False)
        self._client = OAuth2Client(
            client_id=settings.client_id,
            client_secret=settings.client_secret or None,
            token_endpoint_auth_method="client_secret_basic" if settings.client_secret else "none",
            code_challenge_method="S256",
            scope=settings.scopes,
            transport=GuardedTransport(inner, hosts=settings.hosts),
            timeout=httpx2.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
            follow_redirects=False,
            trust_env=False,
        )
        self._guard = threading.Lock()
        self._found: tuple[datetime, Mapping[str, Any]] | None = None
        self._keys: tuple[datetime, KeySet] | None = None

    def address_to_sign_in(self, login: OutsideLogin, *, redirect_url: str, now: datetime) -> str:
        endpoint = self._metadata(now)["authorization_endpoint"]
        check_address(endpoint)
        wish = {"state": login.state, "nonce": login.nonce, "code_verifier": login.verifier}
        address, _ = self._client.create_authorization_url(endpoint, redirect_uri=redirect_url, **wish)
        return str(address)

    def redeem(self, code: str, login: OutsideLogin, *, redirect_url: str, now: datetime) -> OutsidePerson:
        endpoint = self._metadata(now)["token_endpoint"]
        told = self._token(endpoint, code=code, code_verifier=login.verifier, redirect_uri=redirect_url)
        return self._person(self._claims(str(told.get("id_token", "")), now=now), login, now=now)

    def close(self) -> None:
        self._client.close()

    def _token(self, endpoint: str, **wish: str) -> Mapping[str, Any]:
        try:
            with self._guard:  # The client keeps what it was told; only here, and for nobody else.
                told = dict(self._client.fetch_token(endpoint, grant_type="authorization_code", **wish))
                self._client.token = None
        except AuthlibBaseError:
            raise _refused("does not take this log-in (any more)") from None
        except (httpx2.HTTPError, ValueError, TypeError):
            raise ProviderAway("The provider's answer to a log-in cannot be read.") from None
        return told

    def _claims(self, id_token: str, *, now: datetime) -> Mapping[str, Any]:
        """Those of a token with a good signature. Keys are asked for again where it names one that is not known."""
        try:
            return jwt.decode(id_token, self._keys_at(now, least=now - _KEPT_FOR), algorithms=_ALGORITHMS).claims
        except (JoseError, ValueError):
            keys = self._keys_at(now, least=now - _KEYS_ASKED_EVERY)
        try:
            return jwt.decode(id_token, keys, algorithms=_ALGORITHMS).claims
        except (JoseError, ValueError):
            raise _refused("sent an ID token that it did not sign") from None

    def _person(self, claims: Mapping[str, Any], login: OutsideLogin, *, now: datetime) -> OutsidePerson:
        issuer, audience = self._metadata(now)["issuer"], claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        is_for_us = self._settings.client_id in audiences
        is_by_us = claims.get("azp", self._settings.client_id) == self._settings.client_id
        if claims.get("iss") != issuer or not is_for_us or not is_by_us:
            raise _refused("sent an ID token of another issuer, or for another program")
        if not compare_digest(str(claims.get("nonce", "")).encode(), login.nonce.encode()):
            raise _refused("sent an ID token of another log-in")
        if not _is_current(claims, now):
            raise _refused("sent an ID token that is over, or not yet good; the clocks may differ")
        return _read(claims, issuer)

    def _metadata(self, now: datetime) -> Mapping[str, Any]:
        if self._found is None or abs(now - self._found[0]) > _KEPT_FOR:
            found = self._json(f"{self._settings.issuer.rstrip('/')}/.well-known/openid-configuration")
            if str(found.get("issuer", "")).rstrip("/") != self._settings.issuer.rstrip("/"):
                raise ProviderAway("The provider says that it is another issuer than MACROPOD_OIDC_ISSUER.")
            if not all(isinstance(found.get(name), str) for name in _ADDRESSES):
                raise ProviderAway("The provider does not say where it is asked for what.")
            self._found = now, found
        return self._found[1]

    def _keys_at(self, now: datetime, *, least: datetime) -> KeySet:
        if self._keys is None or not least <= self._keys[0] <= now:
            try:
                keys = KeySet.import_key_set(self._json(self._metadata(now)["jwks_uri"]))  # type: ignore[arg-type]
            except (JoseError, ValueError, TypeError, KeyError):
                raise ProviderAway("The provider's keys cannot be read.") from None
            self._keys = now, keys
        return self._keys[1]

    def _json(self, address: str) -> Mapping[str, Any]:
        answer = self._client.request("GET", address, withhold_token=True)
        try:
            found = answer.json() if answer.status_code == 200 else None
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise ProviderAway(f"The provider answered {answer.status_code}, and not as it should.")
        return found


def _is_current(claims: Mapping[str, Any], now: datetime) -> bool:
    expires_at, issued_at = claims.get("exp"), claims.get("iat")
    if not isinstance(expires_at, int | float) or not isinstance(issued_at, int | float):
        return False
    return expires_at > now.timestamp() - _LEEWAY_SECONDS and issued_at < now.timestamp() + _LEEWAY_SECONDS


def _read(claims: Mapping[str, Any], issuer: str) -> OutsidePerson:
    subject, email = claims.get("sub"), claims.get("email")
    if not isinstance(subject, str) or not 0 < len(subject) <= _LONGEST_SUBJECT:
        raise _refused("does not say who it was")
    told = email if isinstance(email, str) else ""
    name = claims.get("name")
    is_verified = claims.get("email_verified") is True
    return OutsidePerson(issuer, subject, told, is_verified, name[:200] if isinstance(name, str) else told)


def _refused(what: str) -> Unauthorized:
    return Unauthorized(f"Signing in did not work: the provider {what}. Try once more.")
