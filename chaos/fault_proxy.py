"""A proxy before an S3-compatible store that does to requests what it is told to: slow, refused, cut, wrong."""

import http.client
import random
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_PIECE = 16 * 1024
_AT_ONCE = struct.pack("ii", 1, 0)
"""Close with a reset."""


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Fault:
    """`is_done`: the store carries the request out all the same. `after`: so many bytes of the answer come first."""

    name: str
    refusal: tuple[int, str] | None = None
    is_done: bool = False
    resets: bool = False
    after: int | None = None
    flips: bool = False
    bytes_per_second: int | None = None


_NONE = Fault("none", is_done=True)
REFUSED_500 = Fault("500", refusal=(500, "InternalError"))
SLOW_DOWN = Fault("503 SlowDown", refusal=(503, "SlowDown"))
CUT = Fault("reset before the answer", resets=True)
ANSWER_LOST = Fault("reset after it was done", resets=True, is_done=True)
CUT_IN_THE_BODY = Fault("reset in the body", resets=True, is_done=True, after=40_000)
TRUNCATED = Fault("body cut short", is_done=True, after=40_000)
FLIPPED = Fault("wrong bytes", is_done=True, flips=True)
SLOW = Fault("slow", is_done=True, bytes_per_second=1024)
SKEWED = Fault("clock skew", refusal=(403, "RequestTimeTooSkewed"))

TROUBLE = {
    **dict.fromkeys((REFUSED_500, SLOW_DOWN), 0.045),
    FLIPPED: 0.01,
    **dict.fromkeys((CUT, ANSWER_LOST, CUT_IN_THE_BODY, TRUNCATED), 0.0125),
}
"""A tenth of all requests ends in an error, a twentieth in a connection that breaks."""

Plan = Callable[[Request], Fault | None]


def refused(status: int, code: str) -> Fault:
    return Fault(f"{status} {code}", refusal=(status, code))


def first(count: int, fault: Fault, *, methods: Sequence[str] = ("GET", "HEAD", "PUT", "POST", "DELETE")) -> Plan:
    """The first so many requests of these methods."""
    left = Counter({"left": count})

    def plan(request: Request) -> Fault | None:
        if request.method not in methods or left["left"] <= 0:
            return None
        left["left"] -= 1
        return fault

    return plan


def dice(seed: str, shares: dict[Fault, float]) -> Plan:
    """Each fault on its share of all requests, in an order made from the seed."""
    drawn, lock = random.Random(seed), threading.Lock()

    def plan(_request: Request) -> Fault | None:
        with lock:
            number = drawn.random()
        for fault, share in shares.items():
            number -= share
            if number < 0:
                return fault
        return None

    return plan


class FaultProxy:
    """Listens on loopback until closed. `plan` may be changed at any time; `injected` counts what was done."""

    def __init__(self, port: int, plan: Plan = lambda _request: None) -> None:
        self.plan = plan
        self.injected: Counter[str] = Counter()
        self.seen: list[Request] = []
        self._http = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"proxy": self, "port": port}))
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    def fault(self, request: Request) -> Fault | None:
        self.seen.append(request)
        found = self.plan(request)
        if found is not None:
            self.injected[found.name] += 1
        return found


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """Connections that break are what it is for."""


class _Handler(BaseHTTPRequestHandler):
    """One connection. `proxy` and `port`, that of the store, are set by a class made for each proxy."""

    protocol_version = "HTTP/1.1"
    proxy: FaultProxy
    port: int

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = self.proxy.fault(Request(self.command, self.path, dict(self.headers))) or _NONE
        if fault.refusal:
            self._refuse(*fault.refusal)
            return
        answer = _forwarded(self, body, self.port) if fault.is_done else None
        if answer is None or (fault.resets and fault.after is None):
            self._reset()
        else:
            self._pass_on(answer, fault)

    do_HEAD = do_PUT = do_POST = do_DELETE = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None: ...

    def handle(self) -> None:
        with suppress(OSError, ValueError):
            super().handle()

    def _refuse(self, status: int, code: str) -> None:
        told = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>Injected.</Message></Error>".encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(told)

    def _pass_on(self, answer: "_Answer", fault: Fault) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.end_headers()
        content = b"" if self.command == "HEAD" else answer.content
        if fault.flips and self.command == "GET":
            content = _flipped(content)
        is_broken_off = fault.after is not None and len(content) > fault.after
        for piece in _pieces(content[: fault.after] if is_broken_off else content, fault.bytes_per_second):
            self.wfile.write(piece)
        if is_broken_off:
            self.close_connection = True
        if is_broken_off and fault.resets:
            self._reset()

    def _reset(self) -> None:
        self.close_connection = True
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self.connection.close()


@dataclass(frozen=True)
class _Answer:
    status: int
    headers: list[tuple[str, str]]
    content: bytes


def _forwarded(asked: BaseHTTPRequestHandler, body: bytes, port: int) -> _Answer | None:
    """With the headers as they came: the signature is over the address of the proxy."""
    upstream = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        upstream.putrequest(asked.command, asked.path, skip_host=True, skip_accept_encoding=True)
        for name, value in asked.headers.items():
            if name.lower() not in ("expect", "connection"):
                upstream.putheader(name, value)
        upstream.endheaders(body)
        answer = upstream.getresponse()
        content = answer.read()
        kept = [each for each in answer.getheaders() if each[0].lower() not in ("connection", "transfer-encoding")]
        if not any(name.lower() == "content-length" for name, _ in kept):
            kept.append(("Content-Length", str(len(content))))
        return _Answer(answer.status, kept, content)
    except OSError:
        return None
    finally:
        upstream.close()


def _pieces(content: bytes, bytes_per_second: int | None) -> Iterator[bytes]:
    size = _PIECE if bytes_per_second is None else max(1, bytes_per_second // 10)
    for start in range(0, len(content), size):
        if bytes_per_second is not None:
            time.sleep(0.1)
        yield content[start : start + size]


def _flipped(content: bytes) -> bytes:
    return content[:-1] + bytes([content[-1] ^ 1]) if content else content
