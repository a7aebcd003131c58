"""Collects the marks of runs: one line each, on the disk before it is answered. No server knows of it."""

import json
import os
import socketserver
import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from chaos.ground import now


@dataclass(frozen=True)
class Mark:
    """`what` is start or end; `exit_code` is the one the program ends with if it is left alone."""

    what: str
    run_id: str
    task_id: str
    attempt: int
    pid: int
    exit_code: int
    due_at: str
    at: datetime


class Receiver:
    """Listens on an address of this machine until closed; never on one that others can reach."""

    def __init__(self, file: Path, *, host: str = "127.0.0.1") -> None:
        self._file = file.open("ab")
        self._turn = threading.Lock()
        self._marks: list[Mark] = []
        self._server = _Listener((host, 0), self._handler())
        self.address: tuple[str, int] = (host, self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def marks(self) -> list[Mark]:
        with self._turn:
            return list(self._marks)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._file.close()

    def _take(self, line: bytes) -> None:
        told = json.loads(line)
        mark = Mark(
            what=told["what"],
            run_id=told["run_id"],
            task_id=told["task_id"],
            attempt=int(told["attempt"]),
            pid=told["pid"],
            exit_code=told["exit_code"],
            due_at=told["due_at"] or "",
            at=now(),
        )
        with self._turn:
            self._file.write(line)
            self._file.flush()
            os.fsync(self._file.fileno())
            self._marks.append(mark)

    def _handler(self) -> type[socketserver.StreamRequestHandler]:
        take = self._take

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                if (line := self.rfile.readline()).endswith(b"\n"):
                    take(line)
                    self.wfile.write(b"k")

        return Handler


class _Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 1024
