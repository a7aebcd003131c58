"""A span for each request, as part of the caller's trace where it names one."""

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from macropod_server.telemetry.tracing import Place, Span, Tracing, place_named

_QUIET = ("/health/", "/metrics", "/v1/runner/")
"""Asked for every few seconds without end: they would bury everything else."""


class TracedRequests:
    def __init__(self, app: ASGIApp, *, tracing: Tracing, clock: Callable[[], datetime]) -> None:
        self._app = app
        self._tracing = tracing
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_QUIET):
            await self._app(scope, receive, send)
            return
        began_at, status = self._clock(), 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            self._tracing.tell(self._span(scope, status, began_at=began_at))

    def _span(self, scope: Scope, status: int, *, began_at: datetime) -> Span:
        """Named by the route, not by the path: paths have ids in them."""
        parent = _caller(scope)
        route = getattr(scope.get("route"), "path", None)
        return Span(
            name=f"{scope['method']} {route}" if route else str(scope["method"]),
            place=Place(parent.trace_id if parent else secrets.randbits(128) or 1, secrets.randbits(64) or 1),
            began_at=began_at,
            ended_at=self._clock(),
            parent=parent,
            attributes=_facts(scope, route, status),
            is_error=status >= 500,
            is_request=True,
        )


def _facts(scope: Scope, route: str | None, status: int) -> dict[str, Any]:
    known = {"http.request.method": scope["method"], "http.response.status_code": status, "url.path": scope["path"]}
    return known | ({"http.route": route} if route else {})


def _caller(scope: Scope) -> Place | None:
    named = next((value for name, value in scope["headers"] if name == b"traceparent"), b"")
    return place_named(named.decode("latin-1"))
