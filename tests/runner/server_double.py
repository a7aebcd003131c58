"""A little server that speaks the runner protocol on loopback and can be told to be a bad one."""

import io
import json
import threading
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from macropod_server.domain.lines import Line, segments

from tests.fakes.quiet_handler import QuietHandler

TOKEN = "run-token"

SPEC = {
    "run_id": "run-1",
    "task_id": "task-1",
    "orchestration_id": "orchestration-1",
    "kind": "task",
    "entry_point": "main.py",
    "requirements": None,
    "arguments": {},
    "timeout_seconds": None,
    "grace_seconds": 5,
    "due_at": None,
    "attempt": 1,
    "url": "http://server.invalid",
    "next_line": 1,
    "spool_max_bytes": 64 * 1024**2,
    "memory_bytes": None,
    "environment_variables": {},
}


class HangUp(Exception):
    """Close the connection instead of answering."""


class ServerDouble:
    """`bundle` is what the runner gets, None for nothing; `spec` changes single fields of what it is told."""

    def __init__(self, files: Mapping[str, str | bytes] | bytes = b"", **spec: Any) -> None:
        self.bundle: bytes | None = files if isinstance(files, bytes) else zipped(files)
        self.spec: dict[str, Any] = SPEC | spec
        self.lines: list[Line] = []
        self.ends: list[dict[str, Any]] = []
        self.locks: list[dict[str, Any]] = []
        self.lock_actions = ["build"]
        self.calls: Counter[str] = Counter()
        self.versions: set[str | None] = set()
        self.nonces: list[str] = []
        self.is_away = False
        self.refusal: int | None = None
        self.refusal_body = b'{"code": "told_so", "message": "Not now."}'
        self.acks_to_lose = 0
        self.seconds_per_batch = 0.0
        self.environment: bytes | None = None
        self.sent: list[tuple[dict[str, str], bytes]] = []
        self.refuses_environments: int | None = None
        self.cuts_to_make = 0
        self.seconds_per_block = 0.0
        self.gives_the_bundle = threading.Event()
        self.gives_the_bundle.set()
        self._store = threading.Condition()
        self._kill = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        self._http.block_on_close = False
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()

    def __enter__(self) -> "ServerDouble":
        return self

    def __exit__(self, *exc: object) -> None:
        self._kill.set()
        self._http.shutdown()
        self._http.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def texts(self) -> list[str]:
        return [line.text for line in self.lines]

    def texts_of(self, stream: str) -> list[str]:
        return [line.text for line in self.lines if line.stream == stream]

    @property
    def end(self) -> dict[str, Any]:
        assert len(self.ends) == 1, self.ends
        return self.ends[0]

    def kill(self) -> None:
        self._kill.set()

    def await_line(self, text: str, *, seconds: float = 20) -> None:
        self._await(lambda: text in self.texts, seconds)

    def await_lines(self, count: int, *, seconds: float = 20) -> None:
        self._await(lambda: len(self.lines) >= count, seconds)

    def await_call(self, name: str, *, count: int = 1, seconds: float = 20) -> None:
        self._await(lambda: self.calls[name] >= count, seconds)

    def note_refusal(self) -> None:
        with self._store:
            self.calls["refused"] += 1
            self._store.notify_all()

    def is_to_cut(self) -> bool:
        """Of a transfer of an environment: as often as `cuts_to_make` says."""
        self.cuts_to_make -= 1
        return self.cuts_to_make >= 0

    def _await(self, there: Callable[[], bool], seconds: float) -> None:
        with self._store:
            assert self._store.wait_for(there, seconds), (self.texts[-20:], self.calls)

    def answer(self, token: str, request: str, body: bytes) -> tuple[int, bytes]:
        parts = urlsplit(request)
        name = parts.path.removeprefix("/v1/runner/")
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        with self._store:
            self.calls[name] += 1
            self._store.notify_all()
        if self.is_away:
            raise HangUp
        if token != f"Bearer {TOKEN}":
            return 401, b'{"code": "unauthorized"}'
        if self.refusal is not None:
            return self.refusal, self.refusal_body
        return self._actions()[name](query, body)

    def _actions(self) -> dict[str, Callable[[dict[str, str], bytes], tuple[int, bytes]]]:
        return {
            "spec": lambda query, body: (200, json.dumps(self.spec).encode()),
            "bundle": lambda query, body: self._give_bundle(),
            "environment": lambda query, body: (
                self._take_environment(query, body) if query else self._give_environment()
            ),
            "lines": lambda query, body: self._take_lines(int(query["first"]), body),
            "beat": lambda query, body: self._beat(int(query["wait"])),
            "lock": lambda query, body: self._lock(json.loads(body)),
            "end": lambda query, body: self._end(json.loads(body)),
        }

    def _give_bundle(self) -> tuple[int, bytes]:
        self.gives_the_bundle.wait(20)
        return (
            (200, self.bundle) if self.bundle is not None else (404, b'{"code": "not_found", "message": "It is gone."}')
        )

    def _take_environment(self, query: dict[str, str], body: bytes) -> tuple[int, bytes]:
        self.sent.append((query, body))
        self.environment = body
        return 204, b""

    def _give_environment(self) -> tuple[int, bytes]:
        return (200, self.environment) if self.environment is not None else (404, b'{"code": "not_found"}')

    def _take_lines(self, first: int, batch: bytes) -> tuple[int, bytes]:
        time.sleep(self.seconds_per_batch)
        with self._store:
            if first == len(self.lines) + self.spec["next_line"]:
                self._append(batch)
            expected = len(self.lines) + self.spec["next_line"]
            if self.acks_to_lose > 0:
                self.acks_to_lose -= 1
                raise HangUp
        return 200, json.dumps({"expected": expected}).encode()

    def _append(self, batch: bytes) -> None:
        for segment in segments(batch):
            for text in segment.texts():
                number = len(self.lines) + self.spec["next_line"]
                self.lines.append(Line(number, segment.printed_at, segment.stream, text))
        self._store.notify_all()

    def _beat(self, wait: int) -> tuple[int, bytes]:
        killed = self._kill.wait(wait)
        return 200, json.dumps({"stop": "kill" if killed else None}).encode()

    def _lock(self, told: dict[str, Any]) -> tuple[int, bytes]:
        self.locks.append(told)
        action = self.lock_actions.pop(0) if len(self.lock_actions) > 1 else self.lock_actions[0]
        return 200, json.dumps({"action": action}).encode()

    def _end(self, told: dict[str, Any]) -> tuple[int, bytes]:
        self.ends.append(told)
        return 204, b""


def zipped(files: Mapping[str, str | bytes], *, modes: Mapping[str, int] | None = None) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (modes or {}).get(name, 0o100644) << 16
            archive.writestr(info, content)
    return made.getvalue()


class _Handler(QuietHandler):
    double: ServerDouble

    def do_GET(self) -> None:  # noqa: N802
        body = self._body()
        self.double.versions.add(self.headers.get("Macropod-Runner"))
        self.double.nonces += self.headers.get_all("Macropod-Runner-Nonce", [])
        try:
            status, answer = self.double.answer(self.headers["Authorization"], self.path, body)
        except HangUp:
            self.close_connection = True
            return
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self._write(answer[: self._writable(len(answer))])

    do_POST = do_PUT = do_GET  # noqa: N815

    def handle_expect_100(self) -> bool:
        """Refuses as a server does that has seen enough."""
        status = self.double.refuses_environments
        if status is None:
            return super().handle_expect_100()
        self.double.note_refusal()
        self.send_response(status)
        answer = b'{"code": "told_so", "message": "That is too much for this server."}'
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
        self.close_connection = True
        return False

    def _body(self) -> bytes:
        """All of it, or the connection ends, by either side."""
        announced = int(self.headers.get("Content-Length", 0))
        is_cut = self.command == "PUT" and self.double.is_to_cut()
        body = self.rfile.read(announced // 2 if is_cut else announced)
        if len(body) < announced:
            raise ConnectionAbortedError
        return body

    def _write(self, answer: bytes) -> None:
        is_slow = self.path.endswith("/environment") and self.double.seconds_per_block
        step = 256 if is_slow else max(1, len(answer))
        for place in range(0, len(answer), step):
            self.wfile.write(answer[place : place + step])
            time.sleep(self.double.seconds_per_block if is_slow else 0)

    def _writable(self, size: int) -> int:
        if self.path.endswith("/environment") and self.double.is_to_cut():
            self.close_connection = True
            return size // 2
        return size


def _handler(double: ServerDouble) -> type[BaseHTTPRequestHandler]:
    return type("Handler", (_Handler,), {"double": double})
