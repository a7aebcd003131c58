"""Whole stories on a real server whose spawner keeps no environments: built once, unpacked by every run."""

import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import macropod
import pytest
from docker import APIClient
from docker.errors import NotFound
from macropod_server.spawners.docker import docker_answers
from macropod_server.spawners.docker_container import INSTALLATION_LABEL, Names

from tests.builders import a_zip
from tests.crash.programs import how_it_ended, wait_for
from tests.live_server import LiveServer
from tests.runner.wheels import make_wheel

IMAGE = "macropod-runner:0.1.0"
PATIENCE_SECONDS = 60
SERVER = (sys.executable, "-m", "tests.travelling.server")

MAIN = "import quoll; print('quoll', quoll.version)"


@pytest.fixture(scope="module", params=["process", pytest.param("docker", marks=pytest.mark.docker)])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    missing = docker_answers(IMAGE) if request.param == "docker" else None
    if missing is not None:
        if os.environ.get("MACROPOD_TEST_REQUIRE_DOCKER") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    folder = tmp_path_factory.mktemp(request.param)
    settings = {"spawner": request.param, "runner_image": IMAGE, "grace_seconds": 1, "max_runs": 1}
    with LiveServer(folder, variables={"PIP_NO_INDEX": "1"}, command=SERVER, **settings) as running:
        yield running
        installation_id = running.rest.get("/v1/info").json()["installation_id"]
    if request.param == "docker":
        clear(Names(installation_id))


def clear(names: Names) -> None:
    engine = APIClient(version="auto")
    mine = {"label": f"{INSTALLATION_LABEL}={names.installation_id}"}
    for each in engine.containers(all=True, filters=mine):
        engine.remove_container(each["Id"], force=True, v=True)
    for each in engine.volumes(filters=mine)["Volumes"] or []:
        engine.remove_volume(each["Name"])
    with suppress(NotFound):
        engine.remove_network(names.network)
    engine.close()


def upload(server: LiveServer, folder: Path, *, version: str = "1.0", ballast: bytes = b"") -> macropod.Orchestration:
    """The wheel comes in the zip; what its packages weigh besides cannot be squeezed."""
    wheel = make_wheel(folder, "quoll", version=version, ballast=ballast)
    files: dict[str, str | bytes] = {
        "main.py": MAIN,
        "requirements.txt": f"--find-links ./wheels\nquoll=={version}\n",
        f"wheels/{wheel.name}": wheel.read_bytes(),
    }
    return server.client.upload_orchestration(bytes_buffer=a_zip(files), name="travels")


def printed(task: macropod.Task) -> list[str]:
    assert how_it_ended(task) == ("success", "completed", 0)
    return [line.text for line in task.last_runs()[0].logs()]


def archives(server: LiveServer) -> set[str]:
    """The sha256 of each, as the rows of the environments tell."""
    with closing(sqlite3.connect(server.data_dir / "macropod.db")) as database:
        rows = database.execute("SELECT archive_sha256 FROM environments WHERE archive_sha256 IS NOT NULL")
        return {sha256 for (sha256,) in rows}


def blobs(server: LiveServer) -> set[str]:
    return {path.parent.name + path.name for path in (server.data_dir / "blobs").glob("??/*")}


def test_what_was_built_once_is_found_by_every_run(server: LiveServer, tmp_path: Path) -> None:
    orchestration = upload(server, tmp_path)
    tasks = [orchestration.run_once(f"run {number}") for number in range(3)]
    assert [printed(task) for task in tasks] == [["quoll 1.0"]] * 3
    assert orchestration.status() == "ready"
    assert archives(server) <= blobs(server)


def test_the_same_requirements_are_built_once_and_travel_once(server: LiveServer, tmp_path: Path) -> None:
    first = upload(server, tmp_path, version="2.0")
    first.wait(PATIENCE_SECONDS)
    before = archives(server)
    second = upload(server, tmp_path, version="2.0")
    assert printed(second.run_once("shares")) == ["quoll 2.0"]
    assert archives(server) == before


def test_a_run_without_requirements_needs_none(server: LiveServer) -> None:
    orchestration = server.client.upload_orchestration(bytes_buffer=a_zip({"main.py": "print('bare')"}), name="bare")
    assert printed(orchestration.run_once("bare")) == ["bare"]


def test_a_damaged_archive_runs_nothing_and_is_built_anew_by_itself(server: LiveServer, tmp_path: Path) -> None:
    before = archives(server)
    orchestration = upload(server, tmp_path, version="3.0")
    orchestration.wait(PATIENCE_SECONDS)
    (sha256,) = archives(server) - before
    archive = server.data_dir / "blobs" / sha256[:2] / sha256[2:]
    content = archive.read_bytes()
    archive.write_bytes(content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])
    task = orchestration.run_once("damaged")
    assert printed(task) == ["quoll 3.0"]
    first, *_ = task.last_runs()[::-1]
    assert (first.reason, first.line_count) == ("could_not_start", 0)
    assert "arrived damaged" in (first.message or "")


def test_a_server_killed_while_an_environment_is_sent_keeps_no_half_and_gets_it_again(
    server: LiveServer, tmp_path: Path
) -> None:
    staging = server.data_dir / "blobs" / "staging"
    orchestration = upload(server, tmp_path, version="4.0", ballast=os.urandom(50 * 1024**2))
    before = archives(server), blobs(server)
    wait_for(lambda: list(staging.iterdir()), pause_seconds=0.001)
    server.kill()
    assert (archives(server), blobs(server)) == before
    server.start()
    assert printed(orchestration.run_once("after the kill")) == ["quoll 4.0"]
    assert list(staging.iterdir()) == []
    assert (len(archives(server)), len(blobs(server))) == (len(before[0]) + 1, len(before[1]) + 1)
