"""A small provider of OpenID Connect on loopback, good by default; what it is told spoils what it says."""

import base64
import hashlib
import json
import secrets
import threading
import time
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT_ID, CLIENT_SECRET = "macropod", "the secret of the client"


@cache
def _key(name: str) -> RSAKey:
    return RSAKey.generate_key(2048, parameters={"kid": name, "use": "sig"}, private=True)


class OidcDouble:
    """`claims` go over the good ones, None takes one away; `metadata` likewise. `asked` are the paths it was asked."""

    def __init__(self) -> None:
        self.claims: dict[str, Any] = {}
        self.metadata: dict[str, Any] = {}
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[str] = []
        self.keys, self.signs_with = ["one"], "one"
        self.now = time.time
        self._codes: dict[str, dict[str, str]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.issuer = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def sign_in(self, address: str) -> dict[str, str]:
        """What a browser would bring back from there, once somebody has said yes."""
        wish = {name: each[0] for name, each in parse_qs(urlsplit(address).query).items()}
        assert (wish["client_id"], wish["response_type"], wish["code_challenge_method"]) == (CLIENT_ID, "code", "S256")
        code = secrets.token_urlsafe(8)
        self._codes[code] = wish
        return {"code": code, "state": wish["state"]}

    def answer(self, path: str, form: dict[str, str], authorization: str) -> tuple[int, dict[str, str], bytes]:
        self.asked.append(path)
        if path in self.answers:
            return self.answers[path]
        if path == "/.well-known/openid-configuration":
            return _json(200, self._told())
        if path == "/keys":
            return _json(200, {"keys": [_key(name).as_dict(private=False) for name in self.keys]})
        if path == "/token":
            return self._token(form, authorization)
        return _json(404, {})

    def _told(self) -> dict[str, Any]:
        names = {"authorization_endpoint": "/authorize", "token_endpoint": "/token", "jwks_uri": "/keys"}
        return {"issuer": self.issuer} | {name: self.issuer + path for name, path in names.items()} | self.metadata

    def _token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, str], bytes]:
        wish = self._codes.pop(form["code"], None)
        own = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        is_good = wish is not None and authorization == f"Basic {own}" and challenge == wish["code_challenge"]
        if wish is None or not is_good or form["redirect_uri"] != wish["redirect_uri"]:
            return _json(400, {"error": "invalid_grant"})
        token = {"access_token": "at", "token_type": "Bearer", "expires_in": 60, "id_token": self._id_token(wish)}
        return _json(200, token)

    def _id_token(self, wish: dict[str, str]) -> str:
        now = int(self.now())
        good = {"iss": self.issuer, "sub": "ada-1", "aud": CLIENT_ID, "exp": now + 300, "iat": now}
        good |= {"nonce": wish["nonce"], "email": "ada@example.org", "email_verified": True, "name": "Ada Lovelace"}
        claims = {name: value for name, value in (good | self.claims).items() if value is not None}
        return jwt.encode({"alg": "RS256", "kid": self.signs_with}, claims, _key(self.signs_with))

    def _handler(double) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer({})

            def do_POST(self) -> None:
                sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
                self._answer({name: each[0] for name, each in parse_qs(sent).items()})

            def _answer(self, form: dict[str, str]) -> None:
                said = self.headers.get("Authorization", "")
                status, headers, body = double.answer(urlsplit(self.path).path, form, said)
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def _json(status: int, told: Any) -> tuple[int, dict[str, str], bytes]:
    return status, {"Content-Type": "application/json"}, json.dumps(told).encode()
