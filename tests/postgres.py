"""A PostgreSQL of the tests' own: made in a folder of its own, never run as root, reached on loopback only."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
from macropod_server.db.engine import Database
from macropod_server.db.migrate import migrate

_USER = "macropod"
_TEMPLATE = "macropod_template"
_NUMBERS = count(1)


def binaries() -> Path | None:
    """The folder of initdb and pg_ctl: on the PATH, or where Debian puts them."""
    on_path = shutil.which("initdb")
    folders = [Path(on_path).parent] if on_path else sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "pg_ctl").exists()), None)


class Postgres:
    """One cluster; `fresh_url` gives an empty, migrated database in it."""

    def __init__(self, folder: Path, bin_folder: Path) -> None:
        self.folder = folder
        self._bin = bin_folder
        self._port = _free_port()

    def initialise(self) -> None:
        self._run("initdb", "--username", _USER, "--auth", "trust", "--no-sync", "--pgdata", str(self._data))

    def start(self) -> None:
        options = f"-p {self._port} -k {self.folder} -c listen_addresses=127.0.0.1 -c max_connections=200"
        self._control("start", "-w", "-o", options, "-l", str(self.folder / "log"))

    def stop(self, mode: str = "fast") -> None:
        """`immediate` is what a power cut would do to it."""
        self._control("stop", "-w", "-m", mode)

    @property
    def port(self) -> int:
        return self._port

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://{_USER}@127.0.0.1:{self._port}/{name}"

    def make_template(self) -> None:
        self._administer(f"CREATE DATABASE {_TEMPLATE}")
        database = Database(self.url(_TEMPLATE))
        migrate(database)
        database.close()

    def fresh_url(self) -> str:
        name = f"test_{next(_NUMBERS)}"
        self._administer(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
        return self.url(name)

    def empty_url(self) -> str:
        name = f"test_{next(_NUMBERS)}"
        self._administer(f"CREATE DATABASE {name}")
        return self.url(name)

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _administer(self, statement: str) -> None:
        url = self.url("postgres").replace("+psycopg", "")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement.encode())

    def _control(self, *words: str) -> None:
        self._run("pg_ctl", "--pgdata", str(self._data), *words)

    def _run(self, program: str, *words: str) -> None:
        as_nobody = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
        with (self.folder / "commands.log").open("ab") as log:
            subprocess.run(
                [self._bin / program, *words], check=True, cwd=self.folder, stdout=log, stderr=log, **as_nobody
            )


@contextmanager
def running_postgres(bin_folder: Path) -> Iterator[Postgres]:
    with tempfile.TemporaryDirectory(prefix="macropod-postgres-") as name:
        if os.geteuid() == 0:
            os.chown(name, pwd.getpwnam("nobody").pw_uid, -1)
        postgres = Postgres(Path(name), bin_folder)
        postgres.initialise()
        postgres.start()
        try:
            postgres.make_template()
            yield postgres
        finally:
            postgres.stop("immediate")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
