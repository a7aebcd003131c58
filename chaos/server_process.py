"""One server as a process that can be killed, held, asked to end and started again on the same port."""

import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import httpx2
import psutil

from chaos.ground import ROOT, wait_for

_START_SECONDS = 90.0
_STOP_SECONDS = 10.0


class ServerDied(Exception):
    """The server ended although nobody ended it."""


class ServerProcess:
    def __init__(self, number: int, *, port: int, environ: Mapping[str, str], log: Path, wrapped: bool = False) -> None:
        self.number = number
        self.port = port
        self.log = log
        self._environ = dict(environ)
        self._wrapped = wrapped
        self._process: subprocess.Popen[bytes] | None = None
        self._is_retired = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None, "The server does not run."
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self, *, stage: int | None = None, passes: int = 1) -> None:
        """With a stage it ends itself there. Does not wait until it is ready."""
        if self._is_retired:
            raise ServerDied(f"Server {self.number} was ended for good.")
        plain = [str(Path(sys.executable).with_name("macropod-server")), "serve"]
        staged = [sys.executable, "-m", "chaos.server", str(stage or 0), str(passes), "serve"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                staged if self._wrapped or stage else plain,
                env=self._environ,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait_until_ready(self, *, seconds: float = _START_SECONDS) -> float:
        """Returns how many seconds it took. Raises `ServerDied` when it ended meanwhile."""
        began = time.monotonic()
        wait_for(self._is_ready_or_dead, seconds=seconds, what=f"server {self.number} to be ready; see {self.log}")
        if not self.is_running:
            raise ServerDied(f"Server {self.number} ended before it was ready; see {self.log}.")
        return time.monotonic() - began

    def is_ready(self) -> bool:
        with suppress(httpx2.TransportError):
            return httpx2.get(f"{self.url}/health/ready", timeout=5).is_success
        return False

    def kill(self) -> None:
        """`kill -9`: it gets no chance to do anything more."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def retire(self) -> None:
        """Also a killer that is still at work does not start it again."""
        self._is_retired = True
        with suppress(psutil.NoSuchProcess, AssertionError):
            self.release()
        self.kill()

    def hold(self) -> None:
        psutil.Process(self.pid).send_signal(signal.SIGSTOP)

    def release(self) -> None:
        psutil.Process(self.pid).send_signal(signal.SIGCONT)

    def terminate(self, *, seconds: float = _STOP_SECONDS) -> float | None:
        """SIGTERM. Returns after how many seconds it was gone; None, and it was killed, when that took longer."""
        assert self._process is not None
        began = time.monotonic()
        self._process.terminate()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return None
        return time.monotonic() - began

    def exit_code(self) -> int | None:
        return None if self._process is None else self._process.poll()

    def wait_until_dead(self, *, seconds: float) -> bool:
        assert self._process is not None
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def family(self) -> set[int]:
        """Itself and its own children, such as the fork server; runs are not among them."""
        with suppress(psutil.NoSuchProcess, AssertionError):
            process = psutil.Process(self.pid)
            return {process.pid, *(each.pid for each in process.children())}
        return set()

    def _is_ready_or_dead(self) -> bool:
        return not self.is_running or self.is_ready()
