"""A server that is told to stop asks whoever it answers to come with a new connection, which finds another server."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from macropod_server.signals import Signals


class PartingAnswers:
    """Wraps the application. A connection that is kept for later would be closed on its next question."""

    def __init__(self, app: ASGIApp, *, signals: Signals) -> None:
        self._app = app
        self._signals = signals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def part(message: Message) -> None:
            if message["type"] == "http.response.start" and self._signals.is_stopping:
                message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
            await send(message)

        await self._app(scope, receive, part if scope["type"] == "http" else send)
