"""A PostgreSQL of the harness' own, which it may stop, start and cut off. Never run as root, on loopback only."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

from chaos.ground import free_port

_USER = "macropod"


def binaries() -> Path | None:
    """The folder of initdb and pg_ctl: on the PATH, or where Debian puts them."""
    on_path = shutil.which("initdb")
    folders = [Path(on_path).parent] if on_path else sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "pg_ctl").exists()), None)


class Postgres:
    """One cluster in a folder outside the checkout, whose path may be closed to other users."""

    def __init__(self) -> None:
        found = binaries()
        if found is None:
            raise FileNotFoundError("There is no PostgreSQL here (no initdb); install the package `postgresql`.")
        self._bin = found
        self._folder = Path(tempfile.mkdtemp(prefix="macropod-chaos-"))
        self._port = free_port()
        if os.geteuid() == 0:
            os.chown(self._folder, pwd.getpwnam("nobody").pw_uid, -1)
        self._run("initdb", "--username", _USER, "--auth", "trust", "--no-sync", "--pgdata", str(self._data))

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://{_USER}@127.0.0.1:{self._port}/postgres"

    def start(self) -> None:
        options = f"-p {self._port} -k {self._folder} -c listen_addresses=127.0.0.1 -c max_connections=300"
        self._control("start", "-w", "-o", options, "-l", str(self._folder / "log"))

    def stop(self, mode: str = "immediate") -> None:
        """`immediate` is what a power cut would do to it."""
        self._control("stop", "-w", "-m", mode)

    def restart(self) -> None:
        self.stop()
        self.start()

    def away(self, seconds: float) -> None:
        self.stop()
        time.sleep(seconds)
        self.start()

    def end_sessions(self) -> int:
        """Cuts every session of the servers; returns how many those were."""
        mine = "pid <> pg_backend_pid() AND usename = %s AND backend_type = 'client backend'"
        with psycopg.connect(self.url.replace("+psycopg", ""), autocommit=True) as connection:
            query = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {mine}"
            return len(connection.execute(query.encode(), (_USER,)).fetchall())

    def delete(self) -> None:
        if (self._data / "postmaster.pid").exists():
            self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _control(self, *words: str) -> None:
        self._run("pg_ctl", "--pgdata", str(self._data), *words)

    def _run(self, program: str, *words: str) -> None:
        as_nobody = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
        with (self._folder / "commands.log").open("ab") as log:
            command = [self._bin / program, *words]
            subprocess.run(command, check=True, cwd=self._folder, stdout=log, stderr=log, **as_nobody)  # type: ignore[call-overload]
