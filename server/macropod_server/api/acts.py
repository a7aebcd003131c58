"""Lets the audit log know which call it is that changes something."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from macropod_server.domain.acts import Act, acting, note_actor
from macropod_server.domain.identity import Identity

_READING = {"GET", "HEAD", "OPTIONS"}


class NotedActs:
    """Wraps the application: each call that is not only a question is an act. Runners report, and are no actors."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_act = scope["type"] == "http" and scope["method"] not in _READING
        if not is_act or scope["path"].startswith("/v1/runner/"):
            await self._app(scope, receive, send)
            return
        client = scope.get("client")
        token = acting.set(Act(client[0] if client else None))
        try:
            await self._app(scope, receive, send)
        finally:
            acting.reset(token)


def note_caller(request: Request, identity: Identity, *, now: datetime) -> None:
    note_actor(identity, action=_action(request), named=request.path_params, now=now)


def _action(request: Request) -> str:
    route: Mapping[str, Any] = vars(request.scope["route"])
    part = next(iter(route.get("tags") or ()), "api")
    return f"{part}.{route['name']}"
