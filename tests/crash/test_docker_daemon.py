"""The Docker daemon dies or is restarted while a run is on: what is told of the run is true, and it ran once."""

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import macropod
import pytest
from macropod_server.spawners.docker import docker_answers

from tests.crash.docker_daemon import DockerDaemon, why_not
from tests.crash.programs import PATIENCE_SECONDS, upload, wait_for
from tests.live_server import LiveServer

IMAGE = "macropod-runner:0.1.0"
pytestmark = pytest.mark.docker

COUNTS = """
import sys
import time

for number in range(1, 41):
    print("line", number)
    time.sleep(0.15)
sys.exit(7)
"""


@pytest.fixture(scope="module")
def daemon() -> Iterator[DockerDaemon]:
    """In a folder with a short name: the path of a socket may not be long."""
    missing = why_not() or docker_answers(IMAGE)
    if missing is not None:
        if os.environ.get("MACROPOD_TEST_REQUIRE_DOCKER") == "1" and why_not() is None:
            pytest.fail(missing)
        pytest.skip(missing)
    with (
        tempfile.TemporaryDirectory(prefix="dd", ignore_cleanup_errors=True) as folder,
        DockerDaemon(Path(folder)) as started,
    ):
        started.start(live_restore=False)
        started.load(IMAGE)
        started.terminate()
        yield started


@pytest.fixture
def run(
    request: pytest.FixtureRequest, daemon: DockerDaemon, tmp_path: Path
) -> Iterator[Callable[[], tuple[macropod.Task, LiveServer]]]:
    """Start a run and wait for its tenth line. The parameter says whether the daemon restores living containers."""
    daemon.start(live_restore=request.param)
    with LiveServer(tmp_path, variables={"DOCKER_HOST": daemon.host}, spawner="docker", grace_seconds=1) as server:

        def begin() -> tuple[macropod.Task, LiveServer]:
            task = upload(server.client, COUNTS).run_once("counts")
            next(line for line in task.follow() if line.text == "line 10")
            return task, server

        yield begin
    daemon.terminate()


def check_once_and_in_order(task: macropod.Task, *, count: int | None = None) -> None:
    """Never started again, and no line lost or doubled of those that were printed."""
    (run,) = task.last_runs()
    told = [line.text for line in run.logs() if line.stream == "stdout"]
    assert told == [f"line {number}" for number in range(1, len(told) + 1)]
    assert len(told) >= 10
    assert count is None or len(told) == count


def check_nothing_is_left(daemon: DockerDaemon) -> None:
    api = daemon.connect()
    wait_for(lambda: not api.containers(all=True))
    api.close()


@pytest.mark.parametrize("run", [True], indirect=True, ids=["live-restore"])
def test_a_run_goes_on_while_the_daemon_is_dead_and_its_end_is_its_own(
    run: Callable[[], tuple[macropod.Task, LiveServer]], daemon: DockerDaemon
) -> None:
    task, _ = run()
    daemon.kill()
    daemon.start(live_restore=True)
    ended = task.wait(PATIENCE_SECONDS)
    assert (ended.status(), ended.reason, ended.exit_code) == ("failure", "exit_code", 7)
    check_once_and_in_order(task, count=40)
    check_nothing_is_left(daemon)


@pytest.mark.parametrize("run", [False], indirect=True, ids=["no live-restore"])
def test_a_daemon_that_is_restarted_stops_its_runs_and_they_say_so(
    run: Callable[[], tuple[macropod.Task, LiveServer]], daemon: DockerDaemon
) -> None:
    task, _ = run()
    daemon.terminate()
    daemon.start(live_restore=False)
    ended = task.wait(PATIENCE_SECONDS)
    assert (ended.status(), ended.reason) == ("failure", "evicted")
    check_once_and_in_order(task)
    check_nothing_is_left(daemon)


@pytest.mark.parametrize("run", [False], indirect=True, ids=["no live-restore"])
def test_a_daemon_that_was_killed_ends_its_runs_when_it_is_back_and_nobody_calls_that_a_success(
    run: Callable[[], tuple[macropod.Task, LiveServer]], daemon: DockerDaemon
) -> None:
    task, _ = run()
    daemon.kill()
    daemon.start(live_restore=False)
    ended = task.wait(PATIENCE_SECONDS)
    assert (ended.status(), ended.reason) in [("failure", "evicted"), ("failure", "runner_died")]
    check_once_and_in_order(task)
    check_nothing_is_left(daemon)
