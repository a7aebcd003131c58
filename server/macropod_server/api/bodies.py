"""Bodies of requests are measured while they arrive: nobody fills the server's memory, and nobody without a token."""

from collections.abc import Callable, Mapping

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from macropod_server.api.access import carried_token, no_token
from macropod_server.domain.errors import MacropodError, TooLarge
from macropod_server.logstore.base import MAX_BATCH_BYTES
from macropod_server.settings import MIB, Settings

USUAL_BYTES = MIB
FORM_BYTES = 16 * 1024
_ESCAPED = 3
"""So many times longer a text may be when all but ASCII is escaped."""


OPEN = frozenset({"/v1/session", "/v1/session/refresh", "/v1/session/device", "/v1/session/device/token"})
"""Who calls these has no token yet."""


_OF_PAGES = ("/sign-in", "/device", "/sign-out")


def body_limits(settings: Settings) -> dict[str, int | None]:
    """The most bytes by path; None for what measures its body itself, as it reads. All others take the usual."""
    return {
        "/v1/orchestrations": None,
        "/v1/tasks": arguments_bytes(settings),
        "/v1/runner/lines": MAX_BATCH_BYTES,
        "/v1/runner/lock": 20 * MIB,
        "/v1/runner/environment": None,
    } | dict.fromkeys((*OPEN, *_OF_PAGES), FORM_BYTES)


def arguments_bytes(settings: Settings) -> int:
    """Of a body with the arguments of a task in it."""
    return _ESCAPED * settings.arguments_max_bytes + USUAL_BYTES


class MeasuredBodies:
    """Wraps the application: it is called with a body that arrived whole and is short enough. `answer` makes the
    answers to others, by path."""

    def __init__(
        self, app: ASGIApp, *, limits: Mapping[str, int | None], answer: Callable[[str, MacropodError], Response]
    ) -> None:
        self._app = app
        self._limits = limits
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _has_body(scope):
            await self._app(scope, receive, send)
            return
        try:
            if scope["path"].startswith("/v1/") and scope["path"] not in OPEN and not carried_token(scope):
                raise no_token()
            most = self._limits.get(scope["path"], USUAL_BYTES)
            body = receive if most is None else await _read(receive, most)
        except MacropodError as refusal:
            await self._answer(scope["path"], refusal)(scope, receive, send)
            return
        await self._app(scope, body, send)


async def _read(receive: Receive, most: int) -> Receive:
    """The whole body, to be received once more. Raises `TooLarge` as soon as it is known to be."""
    body, message = bytearray(), await receive()
    while message["type"] == "http.request":
        body += message.get("body", b"")
        if len(body) > most:
            raise TooLarge(f"The body of the request is over the {most:,} bytes this call takes.")
        if not message.get("more_body", False):
            message = {"type": "http.request", "body": bytes(body), "more_body": False}
            break
        message = await receive()
    return _replayed(message, receive)


def _replayed(first: Message, rest: Receive) -> Receive:
    waiting = [first]

    async def receive() -> Message:
        return waiting.pop() if waiting else await rest()

    return receive


def _has_body(scope: Scope) -> bool:
    return any(name in (b"content-length", b"transfer-encoding") for name, _ in scope["headers"])
