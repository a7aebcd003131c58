"""A server of a measurement's own: its data folder, its port, its end."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx2
import macropod
import psutil

ROOT = Path(__file__).parents[1]
_FOLDERS = ROOT / "build" / "benchmarks"
_START_SECONDS = 60.0
_STOP_SECONDS = 15.0


@contextmanager
def new_folder() -> Iterator[Path]:
    """An empty folder on the disk of the checkout; what the system has for temporary files may be memory."""
    _FOLDERS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_FOLDERS, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


class Server:
    """Runs inside the `with` block. The folder may have served an earlier server. `settings`: in lower case."""

    def __init__(self, folder: Path, *, spawner: str = "process", **settings: object) -> None:
        self.data_dir = folder / "data"
        self._credentials = folder / "credentials.json"
        self._log = folder / "server.log"
        self._environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("MACROPOD_")},
            "MACROPOD_DATA_DIR": str(self.data_dir),
            "MACROPOD_CREDENTIALS": str(self._credentials),
            "MACROPOD_SPAWNER": spawner,
            "MACROPOD_PORT": "0",
            **{f"MACROPOD_{name.upper()}": str(value) for name, value in settings.items()},
        }
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Server":
        command = [str(Path(sys.executable).parent / "macropod-server"), "serve"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            self._wait_until_ready(self._process)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        """End the server by its pid, then what it ran: runs outlive a server by design."""
        assert self._process is not None
        forked = psutil.Process(self._process.pid).children() if self._process.poll() is None else []
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        psutil.wait_procs(forked, timeout=_STOP_SECONDS)
        _end_processes_in(self.data_dir)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def python(self) -> Path:
        """The interpreter of runs without requirements."""
        return next(self.data_dir.glob("environments/bare-*")) / "bin" / "python"

    def client(self) -> macropod.Client:
        return macropod.Client(*self._told())

    def rest(self) -> httpx2.Client:
        """For calls the SDK does not have."""
        url, token = self._told()
        return httpx2.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60)

    def _told(self) -> tuple[str, str]:
        told = json.loads(self._credentials.read_text())
        return told["url"], told["token"]

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            with suppress(OSError, ValueError, httpx2.TransportError):
                if httpx2.get(f"{self._told()[0]}/health/ready").is_success:
                    return
            time.sleep(0.05)
        raise RuntimeError(f"The server did not become ready. It said:\n{self._log.read_text()}")


def _end_processes_in(folder: Path) -> None:
    """Every process of a run works in the run's folder."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if Path(process.cwd()).is_relative_to(folder):
                process.send_signal(signal.SIGKILL)
