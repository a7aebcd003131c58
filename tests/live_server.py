"""A real `macropod-server serve` with the process spawner, which a test may kill and start again on the same data."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx2
import macropod
import psutil

_START_SECONDS = 60.0
_STOP_SECONDS = 15.0


class LiveServer:
    """Runs inside the `with` block; at its end nothing that was started in it is left.

    `settings` are the server's, by their names in lower case; `variables` go into its environment as they are.
    """

    def __init__(
        self,
        folder: Path,
        *,
        variables: dict[str, str] | None = None,
        command: Sequence[str] = (str(Path(sys.executable).with_name("macropod-server")), "serve"),
        **settings: Any,
    ) -> None:
        folder.mkdir(exist_ok=True)
        self._command = command
        self.data_dir = Path(settings.get("data_dir", folder / "data"))
        self._credentials = Path(settings.get("credentials", folder / "credentials.json"))
        self._log = folder / "server.log"
        self._url = f"http://127.0.0.1:{free_port()}"
        told = {
            "data_dir": self.data_dir,
            "credentials": self._credentials,
            "spawner": "process",
            "port": self._url.rpartition(":")[2],
            # The double of a cluster runs its pods on this machine. Other spawners find the address themselves.
            **({"runner_url": self._url} if settings.get("spawner") == "kubernetes" else {}),
            **settings,
        }
        self._environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("MACROPOD_", "PIP_", "UV_"))},
            **{f"MACROPOD_{name.upper()}": str(value) for name, value in told.items()},
            **(variables or {}),
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._helpers: set[psutil.Process] = set()
        self._connections = ExitStack()

    def __enter__(self) -> "LiveServer":
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        """Runs outlive a server by design; here they end with it."""
        self._connections.close()
        if self.is_running:
            self.kill()
        _end(lambda: [each for each in self._helpers if _lives(each)])
        _end(lambda: processes_of(self.data_dir))

    @property
    def url(self) -> str:
        return self._url

    @property
    def is_running(self) -> bool:
        return self._process is not None

    @cached_property
    def client(self) -> macropod.Client:
        return self._connections.enter_context(macropod.Client(self._url, self.token))

    @cached_property
    def rest(self) -> httpx2.Client:
        """For what the SDK does not tell."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return self._connections.enter_context(httpx2.Client(base_url=self._url, headers=headers, timeout=30))

    def start(self) -> None:
        """On the same port and data as before; returns when the server is ready."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._wait_until_ready()

    def kill(self) -> None:
        """`kill -9`: the server gets no chance to do anything more."""
        self._helpers.update(self.helpers())
        self._running.kill()
        self._running.wait()
        self._process = None

    def suspend(self) -> None:
        """`kill -STOP`: it lives, holds its connections, and does nothing."""
        self._running.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._running.send_signal(signal.SIGCONT)

    def kill_and_restart(self) -> None:
        self.kill()
        self.start()

    def terminate(self, *, seconds: float) -> None:
        """SIGTERM. Raises `subprocess.TimeoutExpired` when the server is not gone within these seconds."""
        self.ask_to_end()
        self.await_end(seconds=seconds)

    def ask_to_end(self) -> None:
        """SIGTERM, and no waiting."""
        self._helpers.update(self.helpers())
        self._running.terminate()

    def await_end(self, *, seconds: float) -> None:
        self._running.wait(seconds)
        self._process = None

    def helpers(self) -> list[psutil.Process]:
        """The server's own children; runs are not among them."""
        with suppress(psutil.NoSuchProcess):
            return psutil.Process(self._running.pid).children()
        return []

    @property
    def _running(self) -> "subprocess.Popen[bytes]":
        assert self._process is not None, "The server does not run."
        return self._process

    @property
    def token(self) -> str:
        token: str = json.loads(self._credentials.read_text())["token"]
        return token

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self._running.poll() is None:
            with suppress(httpx2.TransportError):
                if httpx2.get(f"{self._url}/health/ready").is_success:
                    return
            time.sleep(0.02)
        raise AssertionError(f"The server did not become ready. It said:\n{self._log.read_text()}")


def processes_of(folder: Path) -> list[psutil.Process]:
    """Those that work in this folder or carry a path of it in their environment: runners and all they started."""
    return [process for process in psutil.process_iter() if _belongs_to(process, folder) and _lives(process)]


def _belongs_to(process: psutil.Process, folder: Path) -> bool:
    with suppress(psutil.Error):
        if Path(process.cwd()).is_relative_to(folder):
            return True
        return any(str(folder) in value for value in process.environ().values())
    return False


def _lives(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def _end(find: Callable[[], list[psutil.Process]]) -> None:
    deadline = time.monotonic() + _STOP_SECONDS
    while left := find():
        assert time.monotonic() < deadline, f"These processes do not end although they were killed: {left}"
        for process in left:
            with suppress(psutil.Error):
                process.kill()
        time.sleep(0.01)


def free_port() -> int:
    """Below those the system gives to outgoing connections: they could take it while the server is away."""
    while True:
        port = random.SystemRandom().randrange(20_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
