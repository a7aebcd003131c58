"""deploy/compose/Caddyfile before two real servers: one address, streams as they come, a dead server is not felt."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx2
import macropod
import pytest

from tests.install.composed import ROOT
from tests.live_server import LiveServer, free_port
from tests.postgres import Postgres

MIB = 1024**2
KEY = "k" * 32
WAITS = "import time\nprint('first', flush=True)\ntime.sleep(300)\n"


@dataclass
class Proxied:
    people: str
    runs: str
    servers: list[LiveServer]

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.servers[0].token}"}


@pytest.fixture(scope="module")
def proxied(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    """The servers run side by side; runs call them through the proxy's second site, as in compose.yaml."""
    caddy = shutil.which("caddy")
    if caddy is None:
        message = "Caddy is not installed; Debian's package `caddy` has it."
        if os.environ.get("MACROPOD_TEST_REQUIRE_DOCKER") == "1":
            pytest.fail(message)
        pytest.skip(message)
    folder = tmp_path_factory.mktemp("proxied")
    people, runs = f"http://127.0.0.1:{free_port()}", f"http://127.0.0.1:{free_port()}"
    shared = {
        "database_url": postgres.fresh_url(),
        "data_dir": folder / "data",
        "credentials": folder / "credentials.json",
        "runner_url": runs,
        "secret_key": KEY,
    }
    with ExitStack() as stack:
        servers = [stack.enter_context(LiveServer(folder / name, **shared)) for name in ("one", "two")]
        stack.enter_context(running_caddy(caddy, folder, people=people, runs=runs, servers=servers))
        yield Proxied(people, runs, servers)


@contextmanager
def running_caddy(caddy: str, folder: Path, *, people: str, runs: str, servers: list[LiveServer]) -> Iterator[None]:
    log = folder / "caddy.log"
    environ = {
        "HOME": str(folder),
        "MACROPOD_SITE": people,
        "MACROPOD_RUNS_SITE": runs,
        "MACROPOD_HEALTH_SITE": f"http://127.0.0.1:{free_port()}",
        "MACROPOD_SERVERS": " ".join(server.url.removeprefix("http://") for server in servers),
    }
    command = [caddy, "run", "--adapter", "caddyfile", "--config", ROOT / "deploy" / "compose" / "Caddyfile"]
    with log.open("wb") as output, subprocess.Popen(command, env=environ, stdout=output, stderr=output) as process:
        try:
            patience = time.monotonic() + 30
            while not _is_ready(people):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < patience, log.read_text()
                time.sleep(0.1)
            yield
        finally:
            process.terminate()


def _is_ready(url: str) -> bool:
    with suppress(httpx2.TransportError):
        return httpx2.get(f"{url}/health/ready").is_success
    return False


@pytest.fixture
def client(proxied: Proxied) -> Iterator[macropod.Client]:
    with macropod.Client(proxied.people, proxied.servers[0].token) as client:
        yield client


def test_a_run_goes_through_and_its_lines_come_as_they_are_printed(client: macropod.Client, tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(WAITS)
    task = client.upload_orchestration(tmp_path, name="waits").run_once("waits")
    begun = time.monotonic()
    assert next(line.text for line in task.follow()) == "first"
    assert time.monotonic() - begun < 60
    task.kill()


def test_a_large_upload_goes_through(proxied: Proxied) -> None:
    """It is refused by the server, for it is no zip, and by nobody before."""
    big = {"file": ("big.zip", b"\0" * (200 * MIB), "application/zip")}
    told = httpx2.post(f"{proxied.people}/v1/orchestrations", files=big, headers=proxied.headers, timeout=120)
    assert told.status_code == 422, told.text


def test_where_runs_come_in_people_do_not(proxied: Proxied) -> None:
    for headers in (proxied.headers, {}, {"Authorization": "Basic bXByXzE6"}):
        told = httpx2.get(f"{proxied.runs}/v1/info", headers=headers)
        assert told.status_code == 403
        assert told.json()["code"] == "forbidden"


def test_a_server_that_dies_is_not_felt(proxied: Proxied) -> None:
    proxied.servers[1].kill()
    try:
        for _ in range(20):
            assert httpx2.get(f"{proxied.people}/v1/info", headers=proxied.headers, timeout=20).is_success
    finally:
        proxied.servers[1].start()


def test_without_any_server_it_says_so_in_time(proxied: Proxied) -> None:
    for server in proxied.servers:
        server.kill()
    try:
        assert httpx2.get(f"{proxied.people}/v1/info", headers=proxied.headers, timeout=30).status_code in (502, 503)
    finally:
        for server in proxied.servers:
            server.start()
