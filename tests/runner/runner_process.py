"""Starts the real runner as a spawner would, and cleans up after it."""

import signal
import subprocess
import sys
from pathlib import Path

import macropod_runner

from tests.runner.server_double import TOKEN, ServerDouble

PACKAGE = Path(macropod_runner.__file__).parent


class RunnerProcess:
    """A runner below `folder`. As a context manager it is gone at the end, whatever happened.

    `is_bare`: it finds the environment of a run that has no requirements.
    """

    def __init__(
        self, server: ServerDouble, folder: Path, *, command: str = "run", is_bare: bool = True, **variables: str
    ) -> None:
        self.home = folder / "home"
        self.spool = folder / "spool"
        self.environment = folder / "environment"
        self.output = folder / "output.log"
        if is_bare and command == "run":
            give_bare_environment(self.environment)
        self._process = self._start(self._variables(server, folder, command) | variables)

    def __enter__(self) -> "RunnerProcess":
        return self

    def __exit__(self, *exc: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    @property
    def pid(self) -> int:
        return self._process.pid

    def terminate(self) -> None:
        self._process.send_signal(signal.SIGTERM)

    def wait(self, *, seconds: float = 30) -> int:
        """The runner's own exit code."""
        return self._process.wait(seconds)

    def _start(self, variables: dict[str, str]) -> subprocess.Popen[bytes]:
        with self.output.open("wb") as output:
            command = (sys.executable, "-I", "-S", str(PACKAGE))
            return subprocess.Popen(command, env=variables, stdout=output, stderr=subprocess.STDOUT)

    def _variables(self, server: ServerDouble, folder: Path, command: str) -> dict[str, str]:
        return {
            "PATH": "/usr/bin:/bin",
            "TMPDIR": str(folder / "tmp"),
            "MACROPOD_RUN_ID": "run-1",
            "MACROPOD_RUNNER_URL": server.url,
            "MACROPOD_RUNNER_TOKEN": TOKEN,
            "MACROPOD_RUNNER_COMMAND": command,
            "MACROPOD_RUNNER_HOME": str(self.home),
            "MACROPOD_RUNNER_SPOOL": str(self.spool),
            "MACROPOD_RUNNER_ENVIRONMENT": str(self.environment),
            "MACROPOD_RUNNER_SDK": str(folder / "sdk"),
            "MACROPOD_RUNNER_UV": str(Path(sys.executable).parent / "uv"),
            "MACROPOD_RUNNER_CACHE": str(folder / "cache"),
        }


def give_bare_environment(folder: Path) -> None:
    """The least a virtual environment needs."""
    python = Path(sys.executable).resolve()
    (folder / "bin").mkdir(parents=True, exist_ok=True)
    (folder / "pyvenv.cfg").write_text(f"home = {python.parent}\n")
    if not (folder / "bin" / "python").exists():
        (folder / "bin" / "python").symlink_to(python)


def run(server: ServerDouble, folder: Path, *, seconds: float = 30, **variables: str) -> int:
    """One run from start to end. The runner's own exit code."""
    with RunnerProcess(server, folder, **variables) as runner:
        return runner.wait(seconds=seconds)
