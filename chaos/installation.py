"""A whole installation under test: database, data folder, servers, and where their callers and runs reach them."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from chaos import engine_room
from chaos.ground import free_port, wait_for
from chaos.postgres import Postgres
from chaos.proxy import Proxy
from chaos.reading import installation_id
from chaos.server_process import ServerProcess
from chaos.wheel_index import WheelIndex

_SECRET = "chaos-" * 8


@dataclass(frozen=True)
class Configuration:
    """What is put under the killer. `settings` are the server's, by their names in lower case."""

    name: str
    database: str = "sqlite"
    spawner: str = "process"
    servers: int = 1
    settings: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    wrapped: bool = False
    """Whether every server is started by way of `chaos/server.py`, also where it is not to end itself."""

    @property
    def in_words(self) -> str:
        servers = "one server" if self.servers == 1 else f"{self.servers} servers"
        return f"{servers}, {'PostgreSQL' if self.database == 'postgresql' else 'SQLite'}, spawner {self.spawner}"


class Installation:
    def __init__(
        self, folder: Path, configuration: Configuration, *, host_for_runs: str, data_dir: Path | None = None
    ) -> None:
        self.folder = folder
        self.configuration = configuration
        self.data_dir = data_dir or folder / "data"
        self.host_for_runs = host_for_runs
        self.wheels = WheelIndex(folder / "wheels", host=self.host_for_runs)
        self.postgres = Postgres() if configuration.database == "postgresql" else None
        ports = [free_port() for _ in range(configuration.servers)]
        self.proxy = Proxy([("127.0.0.1", port) for port in ports])
        self.servers = [self._server(number, port) for number, port in enumerate(ports)]

    @property
    def database_url(self) -> str:
        return self.postgres.url if self.postgres else f"sqlite:///{self.data_dir / 'macropod.db'}"

    @property
    def url(self) -> str:
        """Of the proxy: a caller does not know which server answers."""
        return "http://{}:{}".format(*self.proxy.address)

    @property
    def token(self) -> str:
        told: str = json.loads(self._credentials.read_text())["token"]
        return told

    def start(self) -> None:
        if self.postgres:
            self.postgres.start()
            self.command("migrate")
        for server in self.servers:
            server.start()
        for server in self.servers:
            server.wait_until_ready()
        wait_for(self._credentials.exists, seconds=10, what="the token of the first server")

    def command(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Another command of `macropod-server`, with the same settings."""
        program = Path(sys.executable).with_name("macropod-server")
        return subprocess.run([program, *words], env=self.environ(0), capture_output=True, text=True, check=False)

    def family(self) -> set[int]:
        return {pid for server in self.servers for pid in server.family()}

    def environ(self, port: int) -> dict[str, str]:
        told: dict[str, Any] = {
            "data_dir": self.data_dir,
            "credentials": self._credentials,
            "database_url": self.database_url if self.postgres else "",
            "secret_key": _SECRET,
            "spawner": self.configuration.spawner,
            "port": port,
            "grace_seconds": 2,
            "max_runs": 16,
            "max_runs_per_workspace": 16,
            **({"runner_url": self.url} if self.configuration.servers > 1 else {}),
            **self.configuration.settings,
        }
        foreign = ("MACROPOD_", "PIP_", "UV_", "PYTEST_")
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(foreign)},
            **{f"MACROPOD_{name.upper()}": str(value) for name, value in told.items()},
            "PIP_INDEX_URL": self.wheels.url,
            **self.configuration.variables,
        }

    def end(self) -> None:
        """Nothing that was started for it is left."""
        self.proxy.close()
        self.wheels.close()
        children = [psutil.Process(pid) for pid in self.family() if psutil.pid_exists(pid)]
        for server in self.servers:
            server.retire()
        psutil.wait_procs(children, timeout=5)
        _end_processes_of(self.data_dir)
        if self.configuration.spawner == "docker" and (known := installation_id(self.database_url)):
            engine_room.remove_everything_of(known)
        if self.postgres:
            self.postgres.delete()

    @property
    def _credentials(self) -> Path:
        return self.folder / "credentials.json"

    def _server(self, number: int, port: int) -> ServerProcess:
        log = self.folder / f"server-{number}.log"
        wrapped = self.configuration.wrapped
        return ServerProcess(number, port=port, environ=self.environ(port), log=log, wrapped=wrapped)


@contextmanager
def running(folder: Path, configuration: Configuration, *, data_dir: Path | None = None) -> Iterator[Installation]:
    with ExitStack() as end:
        host = "127.0.0.1"
        if configuration.spawner == "docker":
            host = end.enter_context(engine_room.own_network(f"macropod-{folder.name}"))
        installation = Installation(folder, configuration, host_for_runs=host, data_dir=data_dir)
        end.callback(installation.end)
        installation.start()
        yield installation


def processes_of(folder: Path) -> list[psutil.Process]:
    """Those that work in this folder or carry a path of it in their environment: servers, runners, their programs."""
    return [process for process in psutil.process_iter() if _belongs_to(process, folder)]


def _belongs_to(process: psutil.Process, folder: Path) -> bool:
    with suppress(psutil.Error):
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        if Path(process.cwd()).is_relative_to(folder):
            return True
        return any(str(folder) in value for value in process.environ().values())
    return False


def _end_processes_of(folder: Path) -> None:
    def left() -> list[psutil.Process]:
        found = processes_of(folder)
        for process in found:
            with suppress(psutil.Error):
                process.kill()
        return found

    wait_for(lambda: not left(), seconds=15, what=f"the processes of {folder} to end")


def has_docker() -> bool:
    return shutil.which("docker") is not None and engine_room.answers()
