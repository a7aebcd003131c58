"""Speaks HTTP with the server: token, idempotency keys, new attempts, pages, failures made into errors."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from itertools import islice
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from macropod import __version__
from macropod.answers import GATEWAY_STATUSES, Answer, content, refusal, seconds_to_wait
from macropod.errors import ConnectionFailed, Invalid, MacropodError, Unauthorized, UnexpectedAnswer
from macropod.patience import Clock, backoff, give_up_at

if TYPE_CHECKING:
    import httpx2

PAGE_SIZE = 100
PATIENCE_SECONDS = 30.0
"""How long a server that was there, or something in front of it, may be away before that is an error."""
FIRST_PATIENCE_SECONDS = 5.0
"""The same before anything was heard: the address may be wrong."""
_CONNECT_SECONDS = 10
_READ_SECONDS = 60
_WORKSPACE = "Macropod-Workspace"


class Connection:
    """One server and one token, and the workspace calls act in, if one is chosen.

    `http` is any `httpx2.Client` whose base address is the server's.

    `token_origin` is a sentence that ends what a user reads when the server does not know the token.
    """

    def __init__(
        self,
        http: httpx2.Client,
        *,
        token: str,
        token_origin: str = "",
        workspace: str = "",
        clock: Clock | None = None,
    ) -> None:
        self.clock = clock or Clock()
        self._http = http
        self._patience_seconds = FIRST_PATIENCE_SECONDS
        self._token_origin = token_origin
        self._headers = {"User-Agent": f"macropod/{__version__}"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        if workspace:
            self._headers[_WORKSPACE] = _sendable(workspace)

    def within(self, workspace_id: int) -> Self:
        """The same connection, whose calls act in that workspace."""
        other = copy(self)
        other._headers = self._headers | {_WORKSPACE: str(workspace_id)}
        return other

    def with_token(self, token: str) -> Connection:
        """The same server, asked by somebody else. It is closed with this one."""
        return Connection(self._http, token=token, clock=self.clock)

    def close(self) -> None:
        self._http.close()

    def get(self, path: str, **params: Any) -> Answer:
        return self._answer("GET", path, params=params)

    def post(self, path: str, *, json: Any = None) -> Answer:
        """Sent with a key of its own, so that a second attempt never does again what the first did."""
        return self._answer("POST", path, json=json, headers=_key())

    def post_once(self, path: str, *, json: Any) -> Answer:
        """For what would be told once and then lost: not sent again when its answer got lost."""
        return self._answer("POST", path, json=json, is_repeatable=False)

    def patch(self, path: str, *, json: Any) -> Answer:
        return self._answer("PATCH", path, json=json)

    def put(self, path: str, *, json: Any) -> Answer:
        return self._answer("PUT", path, json=json)

    def upload(self, path: str, *, data: dict[str, str], file: Any, seconds: float) -> Answer:
        """A multipart form. `file` is (file name or None, file object, content type)."""
        return self._answer("POST", path, data=data, files={"file": file}, headers=_key(), seconds=seconds)

    def delete(self, path: str) -> None:
        self._send("DELETE", path, is_repeatable=False)

    def items(self, path: str, *, limit: int | None, **params: Any) -> Iterator[Answer]:
        """All items of a list in the server's order, page by page, at most `limit`."""
        return islice(self._pages(path, params), limit)

    @contextmanager
    def stream(self, path: str, *, seconds: float = _READ_SECONDS, **params: Any) -> Iterator[Iterator[bytes]]:
        """The bytes of an answer as they arrive. `seconds` is the longest silence that is put up with."""
        response = self._send("GET", path, stream=True, params=params, seconds=seconds)
        try:
            yield self._translated(response.iter_bytes())
        finally:
            response.close()

    def _translated(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        import httpx2

        try:
            yield from chunks
        except httpx2.RequestError as error:
            raise self._unreachable(error) from error

    def _pages(self, path: str, params: dict[str, Any]) -> Iterator[Answer]:
        before = None
        while True:
            page = self.get(path, limit=PAGE_SIZE, before=before, **params)
            yield from page["items"]
            before = page.get("next_before")
            if before is None:
                return

    def _answer(self, method: str, path: str, **rest: Any) -> Answer:
        answer = content(self._send(method, path, **rest))
        if not isinstance(answer, dict):
            raise UnexpectedAnswer(f"{method} {path} was answered with a {type(answer).__name__}, not an object.")
        return answer

    def _send(
        self, method: str, path: str, *, is_repeatable: bool = True, stream: bool = False, **rest: Any
    ) -> httpx2.Response:
        """Patience is counted from the first failure on: an upload may have taken long before it."""
        over_at, pauses = None, backoff(0.2, most=2)
        while True:
            outcome, away_seconds = self._attempt(method, path, stream=stream, **rest)
            if not isinstance(outcome, MacropodError):
                return outcome
            if away_seconds is None or not is_repeatable:
                raise outcome
            if over_at is None:
                over_at = give_up_at(self.clock, patience_seconds=self._patience_seconds)
            pause = max(next(pauses), away_seconds)
            if self.clock.now() + pause > over_at:
                raise outcome
            self.clock.sleep(pause)

    def _attempt(
        self, method: str, path: str, *, stream: bool, **rest: Any
    ) -> tuple[httpx2.Response | MacropodError, float | None]:
        """The answer, or an error with the least seconds to pause before trying again (None: in vain)."""
        import httpx2

        request = self._request(method, path, **rest)
        try:
            response = self._http.send(request, stream=stream)
            self._patience_seconds = PATIENCE_SECONDS
            if response.is_success:
                return response, None
            response.read()
            response.close()
        except httpx2.RequestError as error:
            return self._unreachable(error), 0
        away = response.status_code in GATEWAY_STATUSES
        return self._with_origin(refusal(response)), seconds_to_wait(response) if away else None

    def _with_origin(self, error: MacropodError) -> MacropodError:
        if not isinstance(error, Unauthorized) or not self._token_origin:
            return error
        return Unauthorized(f"{error.message} {self._token_origin}", problems=error.problems)

    def _request(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        seconds: float = _READ_SECONDS,
        **body: Any,
    ) -> httpx2.Request:
        import httpx2

        return self._http.build_request(
            method,
            path,
            params={name: _text(value) for name, value in (params or {}).items() if value is not None},
            headers={**self._headers, **(headers or {})},
            timeout=httpx2.Timeout(seconds, connect=_CONNECT_SECONDS),
            **body,
        )

    def _unreachable(self, error: Exception) -> ConnectionFailed:
        return ConnectionFailed(
            f"The server at {self._http.base_url} cannot be reached: {error or type(error).__name__}. "
            "Check that it runs and that the address is right."
        )


def segment(text: str) -> str:
    """One part of a path, quoted. Raises `Invalid` for what cannot be an id."""
    if not isinstance(text, str) or not text.strip(". "):
        raise Invalid.field("id", f"{text!r} is not an id; an id is a text such as the attribute `id` holds.")
    return quote(text, safe="")


def identifier(text: str) -> str:
    """As `segment`, of an id: those have no slashes."""
    if isinstance(text, str) and "/" in text:
        raise Invalid.field("id", f"{text!r} is not an id; an id is a text such as the attribute `id` holds.")
    return segment(text)


def _sendable(workspace: str) -> str:
    if not workspace.isascii() or not workspace.isprintable():
        raise Invalid.field("workspace", f"The workspace {workspace!r} cannot be named in a call; give its id instead.")
    return workspace


def _text(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid.uuid4())}
