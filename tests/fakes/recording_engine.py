"""A Docker Engine on a socket of its own that writes down what it is asked, and answers as it is told to."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer
from typing import Any


@dataclass(frozen=True)
class Asked:
    method: str
    target: str
    body: bytes
    headers: dict[str, str]


@dataclass
class RecordingEngine:
    """`facts` are its answers to GET by path without version; a status alone is an answer too."""

    path: Path
    facts: dict[str, Any] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    breaks_off: bool = False

    @property
    def changes(self) -> list[Asked]:
        return [each for each in self.asked if each.method != "GET"]

    def answer(self, asked: Asked) -> tuple[int, Any]:
        self.asked.append(asked)
        if asked.method != "GET":
            return 201, {"Id": "made"}
        path = "/" + asked.target.partition("?")[0].removeprefix("/v1.41").removeprefix("/")
        found = self.facts.get(path, 404)
        return (found, {"message": f"nothing at {path}"}) if isinstance(found, int) else (200, found)


@contextmanager
def recording_engine(path: Path) -> Iterator[RecordingEngine]:
    engine = RecordingEngine(path)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def __getattr__(self, name: str) -> Callable[[], None]:
            """The library looks for a method per word of HTTP; here all are alike."""
            if name.startswith("do_"):
                return self._take
            raise AttributeError(name)

        def _take(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, facts = engine.answer(Asked(self.command, self.path, body, dict(self.headers)))
            self._send(status, json.dumps(facts).encode())

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if engine.breaks_off else body)
            self.close_connection = True

        def address_string(self) -> str:
            return "gate"

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingMixIn, UnixStreamServer):
        daemon_threads = True
        block_on_close = False
        request_queue_size = socket.SOMAXCONN

    with Server(str(path), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield engine
        server.shutdown()
