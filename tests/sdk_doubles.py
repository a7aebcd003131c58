"""A clock that does not wait, and a wire whose every answer the test chooses: for what a real server cannot do."""

import json
from collections.abc import Callable, Iterable
from typing import Any

import httpx2
from macropod.connection import Connection
from macropod.patience import Clock

Step = httpx2.Response | Exception | Callable[[httpx2.Request], httpx2.Response]


class PatientClock(Clock):
    """Sleeping takes no time and is remembered."""

    def __init__(self) -> None:
        self.pauses: list[float] = []

    def now(self) -> float:
        return sum(self.pauses)

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)


class Wire:
    """Answers each request with the next step, the last one for ever, and keeps the requests."""

    def __init__(self, *steps: Step) -> None:
        self._steps = list(steps)
        self.requests: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        request.read()
        self.requests.append(request)
        step = self._steps.pop(0) if len(self._steps) > 1 else self._steps[0]
        if isinstance(step, Exception):
            raise step
        return step(request) if callable(step) else step


class BrokenStream(httpx2.SyncByteStream):
    """Bytes that arrive until the connection breaks."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks

    def __iter__(self):  # type: ignore[no-untyped-def]
        yield from self._chunks
        raise httpx2.ReadError("the connection broke")


def connect(wire: Wire, *, clock: Clock | None = None, token: str = "secret") -> Connection:
    http = httpx2.Client(base_url="http://server", transport=httpx2.MockTransport(wire))
    return Connection(http, token=token, clock=clock or PatientClock())


def ok(body: object = None) -> httpx2.Response:
    return httpx2.Response(200, json={} if body is None else body)


def json_of(request: httpx2.Request) -> Any:
    return json.loads(request.content)


def refused(status: int, code: str, message: str = "No.", **headers: str) -> httpx2.Response:
    body = {"code": code, "message": message, "details": []}
    return httpx2.Response(
        status, json=body, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )
