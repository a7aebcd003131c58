"""The server's side of the runner protocol and nothing else: hands out small programs, keeps what they print."""

import io
import json
import threading
import uuid
import zipfile
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from macropod_server.domain.lines import segments

from tests.fakes.quiet_handler import QuietHandler

_MOST_BEAT_SECONDS = 10.0


@dataclass
class Ordered:
    """One run: what it is to do, and what it told so far."""

    spec: dict[str, Any]
    bundle: bytes
    lines: list[str] = field(default_factory=list)
    asked: int = 0
    end: dict[str, Any] | None = None
    has_ended: threading.Event = field(default_factory=threading.Event)
    has_printed: threading.Condition = field(default_factory=threading.Condition)

    def take(self, first: int, batch: bytes) -> int:
        with self.has_printed:
            if first == len(self.lines) + 1:
                self.lines += [text for segment in segments(batch) for text in segment.texts()]
                self.has_printed.notify_all()
            return len(self.lines) + 1

    def await_line(self, line: str, *, seconds: float = 20) -> None:
        with self.has_printed:
            assert self.has_printed.wait_for(lambda: line in self.lines, seconds), self.lines


class RunnerProtocol:
    """Listens on `address` and, unless one is named, any port until closed."""

    def __init__(self, address: str = "127.0.0.1", port: int = 0) -> None:
        self._runs: dict[str, Ordered] = {}
        self._closing = threading.Event()
        self._server = ThreadingHTTPServer((address, port), self._handler())
        self._server.daemon_threads = True
        self._server.block_on_close = False
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        address, port = self._server.server_address[:2]
        return f"http://{address!s}:{port}"

    def close(self) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()

    def hand_out(self, run_id: str, *, main: str, **changes: Any) -> str:
        """Make this program what the run with that id gets. Answers the run's token."""
        token = uuid.uuid4().hex
        files = {"main.py": main, "requirements.txt": ""}
        self._runs[token] = Ordered(_spec(run_id, self.url) | changes, _zip(files))
        return token

    def run(self, run_id: str) -> Ordered:
        return next(each for each in self._runs.values() if each.spec["run_id"] == run_id)

    def answer(self, token: str, request: str, body: bytes) -> tuple[int, bytes]:
        if token not in self._runs:
            return 401, b"{}"
        run, parts = self._runs[token], urlsplit(request)
        match parts.path.removeprefix("/v1/runner/"):
            case "spec":
                run.asked += 1
                return 200, json.dumps(run.spec).encode()
            case "bundle":
                return 200, run.bundle
            case "lines":
                return 200, json.dumps({"expected": run.take(int(parse_qs(parts.query)["first"][0]), body)}).encode()
            case "beat":
                self._closing.wait(min(_MOST_BEAT_SECONDS, float(parse_qs(parts.query)["wait"][0])))
                return 200, b'{"stop": null}'
            case "lock":
                return 200, b'{"action": "build"}'
            case "end":
                run.end = json.loads(body)
                run.has_ended.set()
                return 204, b""
        return 404, b"{}"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        protocol = self

        class Handler(QuietHandler):
            def do_GET(self) -> None:  # noqa: N802
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                token = self.headers["Authorization"].removeprefix("Bearer ")
                status, answer = protocol.answer(token, self.path, body)
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_POST = do_GET  # noqa: N815

        return Handler


def _spec(run_id: str, url: str) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "task_id": str(uuid.uuid4()),
        "orchestration_id": str(uuid.uuid4()),
        "kind": "task",
        "entry_point": "main.py",
        "requirements": None,
        "arguments": {},
        "timeout_seconds": None,
        "grace_seconds": 1,
        "due_at": None,
        "attempt": 1,
        "url": url,
        "next_line": 1,
        "spool_max_bytes": 1024**2,
        "memory_bytes": None,
        "environment_variables": {},
    }


def _zip(files: dict[str, str]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return made.getvalue()
