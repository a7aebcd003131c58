"""The server's end of the fork server: starts it, hands it orders, starts it again should it die."""

import json
import socket
import subprocess
import sys
import threading
from importlib.util import find_spec
from pathlib import Path

from macropod_server.spawners.base import ContainerStuck, SpawnerUnavailable

_BOOT = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from macropod_runner import entry, forkserver; forkserver.serve(entry.main)"
)
_ENVIRON = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
_PATIENCE_SECONDS = 10.0


class ForkClient:
    """One fork server at a time. Safe to use from several threads."""

    def __init__(self, python: Path, *, log: Path) -> None:
        self._command = [str(python), "-I", "-S", "-c", _BOOT, _runner_folder()]
        self._log = log
        self._channel: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._turn = threading.Lock()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        with self._turn:
            self._running()

    def close(self) -> None:
        """Let the fork server end. What it started lives on."""
        with self._turn:
            self._drop()

    def order(self, folder: Path, environ: dict[str, str], *, home_at: str | None = None) -> None:
        """Start the run of this folder unless it was started before, with its home at `home_at` if that can be.

        Raises `SpawnerUnavailable`, `ContainerStuck`.
        """
        answer = self._answer({"folder": str(folder), "environ": environ, "home_at": home_at})
        if "error" in answer:
            raise ContainerStuck(f"The run in {folder} could not be started: {answer['error']}.")

    def trouble_with_home(self, environ: dict[str, str], at: str) -> str | None:
        """Why runs cannot have their home at this path, in a sentence. Raises `SpawnerUnavailable`."""
        told = self._answer({"environ": environ, "home_at": at})["trouble"]
        return str(told) if told else None

    def _answer(self, order: dict[str, object]) -> dict[str, object]:
        line = json.dumps(order).encode() + b"\n"
        with self._turn:
            answer = self._ask(line) or self._ask(line)
        if answer is None:
            raise SpawnerUnavailable(f"The fork server that starts runs ends at once; {self._log} says why.")
        return answer

    def _ask(self, line: bytes) -> dict[str, object] | None:
        channel = self._running()
        try:
            channel.sendall(line)
            answer = _receive_line(channel)
        except OSError:  # It died or keeps silent.
            answer = b""
        if not answer:
            self._drop()
            return None
        parsed: dict[str, object] = json.loads(answer)
        return parsed

    def _running(self) -> socket.socket:
        if self._channel is None:
            self._channel, theirs = socket.socketpair()
            self._channel.settimeout(_PATIENCE_SECONDS)
            with theirs, self._log.open("ab") as log:
                self._process = subprocess.Popen(
                    self._command,
                    stdin=theirs.fileno(),
                    stdout=theirs.fileno(),
                    stderr=log,
                    env=_ENVIRON,
                    cwd="/",
                    start_new_session=True,
                )
        return self._channel

    def _drop(self) -> None:
        if self._channel:
            self._channel.close()
            self._channel = None
        if self._process:
            try:
                self._process.wait(timeout=_PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None


def _receive_line(channel: socket.socket) -> bytes:
    """One line; nothing when the other end closed."""
    line = b""
    while not line.endswith(b"\n"):
        received = channel.recv(65536)
        if not received:
            return b""
        line += received
    return line


def _runner_folder() -> str:
    spec = find_spec("macropod_runner")
    if spec is None or not spec.submodule_search_locations:
        raise LookupError("The package macropod-runner is not installed; run `make install`.")
    return str(Path(spec.submodule_search_locations[0]).parent)


def base_python() -> Path:
    """The interpreter itself, also where the server runs in a virtual environment."""
    return Path(getattr(sys, "_base_executable", sys.executable))
