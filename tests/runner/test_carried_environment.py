"""The real runner sends the environment it has built, and another one begins with it."""

import hashlib
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.runner.runner_process import RunnerProcess
from tests.runner.server_double import ServerDouble
from tests.runner.test_environment_archive import picture
from tests.runner.test_package import found_in, package, packaging
from tests.runner.wheels import make_wheel

MAIN = "import quoll, sys; print('quoll', quoll.version, sys.prefix)"


@pytest.fixture
def links(tmp_path: Path) -> Path:
    make_wheel(tmp_path / "links", "quoll")
    return tmp_path / "links"


def building(links: Path, **spec: Any) -> ServerDouble:
    return packaging("quoll", settings=found_in(links), sends_environment=True, **spec)


@pytest.fixture
def built(tmp_path: Path, links: Path) -> bytes:
    """The archive of an environment for the folder `environment`, which is not there any more."""
    with building(links) as server:
        runner = package(server, tmp_path)
    runner.environment.rename(tmp_path / "as-built")
    (_, content) = server.sent[-1]
    return content


def told(content: bytes, **changes: Any) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)} | changes


def using(content: bytes | None, **spec: Any) -> ServerDouble:
    server = ServerDouble({"main.py": MAIN}, **{"environment": told(content or b"")} | spec)
    server.environment = content
    return server


def run(server: ServerDouble, folder: Path) -> RunnerProcess:
    with RunnerProcess(server, folder, command="run", is_bare=False) as runner:
        assert runner.wait() == 0
    return runner


def test_what_was_built_is_sent_with_its_size_and_sha256(tmp_path: Path, links: Path) -> None:
    with building(links) as server:
        runner = package(server, tmp_path)
    ((query, content),) = server.sent
    assert query == {"sha256": told(content)["sha256"], "size": str(len(content))}
    assert server.end["reason"] == "completed"
    assert any("sent to the server" in text for text in server.texts_of("system"))
    assert list(runner.spool.glob("environment*")) == []


def test_nothing_is_sent_where_the_spawner_keeps_it_or_another_has_built_it(tmp_path: Path, links: Path) -> None:
    for number, (spec, action) in enumerate([({"sends_environment": False}, "build"), ({}, "share")]):
        folder = tmp_path / str(number)
        folder.mkdir()
        with packaging("quoll", settings=found_in(links), **{"sends_environment": True} | spec) as server:
            server.lock_actions = [action]
            package(server, folder)
        assert (server.sent, server.end["reason"]) == ([], "completed")


def test_another_runner_begins_with_what_was_built(tmp_path: Path, built: bytes) -> None:
    with using(built) as server:
        runner = run(server, tmp_path)
    assert server.texts_of("stdout") == [f"quoll 1.0 {runner.environment}"]
    assert picture(runner.environment) == picture(tmp_path / "as-built")
    assert list(runner.spool.glob("environment*")) == []


def test_compiled_modules_are_taken_for_what_they_are(tmp_path: Path, built: bytes) -> None:
    """A module whose source seems to have changed would be compiled at each start."""
    with using(built) as server:
        runner = run(server, tmp_path)
    command = (str(runner.environment / "bin" / "python"), "-v", "-c", "import quoll")
    said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    (compiled,) = runner.environment.rglob("quoll*.pyc")
    assert f"{compiled} matches" in said


def test_a_cut_connection_is_made_up_for_both_ways(tmp_path: Path, links: Path) -> None:
    with building(links) as server:
        server.cuts_to_make = 2
        package(server, tmp_path)
    ((query, content),) = server.sent
    assert told(content)["sha256"] == query["sha256"]
    with using(content) as server:
        server.cuts_to_make = 2
        (tmp_path / "environment").rename(tmp_path / "as-built")
        run(server, tmp_path)
    assert (server.calls["environment"], server.end["reason"]) == (3, "completed")


def test_what_the_server_does_not_take_fails_in_its_words(tmp_path: Path, links: Path) -> None:
    with building(links) as server:
        server.refuses_environments = 413
        package(server, tmp_path)
    assert (server.end["reason"], server.end["message"]) == ("packaging_failed", "That is too much for this server.")
    assert server.sent == []


def test_a_store_that_is_full_is_waited_for(tmp_path: Path, links: Path) -> None:
    with building(links) as server:
        server.refuses_environments = 507
        with RunnerProcess(server, tmp_path, command="package") as runner:
            server.await_call("refused", count=2, seconds=60)
            server.refuses_environments = None
            assert runner.wait(seconds=60) == 0
    assert (len(server.sent), server.end["reason"]) == (1, "completed")


def test_the_time_limit_of_packaging_counts_while_the_environment_is_sent(tmp_path: Path, links: Path) -> None:
    with building(links, timeout_seconds=4) as server:
        server.refuses_environments = 507
        with RunnerProcess(server, tmp_path, command="package") as runner:
            server.await_call("refused", seconds=60)
            time.sleep(4)
            server.refuses_environments = None
            assert runner.wait(seconds=60) == 0
    assert (server.end["reason"], server.sent) == ("time_limit", [])


def test_a_damaged_archive_runs_nothing(tmp_path: Path, built: bytes) -> None:
    with using(built[:-1] + b"?", environment=told(built)) as server:
        runner = run(server, tmp_path)
    assert server.end["reason"] == "could_not_start"
    assert f"not {told(built)['sha256']}" in server.end["message"]
    assert (server.texts_of("stdout"), runner.environment.exists()) == ([], False)


def test_a_run_that_is_killed_while_it_fetches_is_killed(tmp_path: Path, built: bytes) -> None:
    with using(built) as server:
        server.kill()
        server.seconds_per_block = 0.5
        began = time.monotonic()
        run(server, tmp_path)
    assert (server.end["reason"], server.texts_of("stdout")) == ("kill_requested", [])
    assert time.monotonic() - began < 10


def test_an_archive_that_is_none_runs_nothing(tmp_path: Path) -> None:
    with using(b"no archive at all") as server:
        run(server, tmp_path)
    assert server.end["reason"] == "could_not_start"
    assert server.end["message"].startswith("The installed packages could not be unpacked: ")


def test_an_archive_that_is_not_there_any_more_runs_nothing(tmp_path: Path) -> None:
    with using(None) as server:
        run(server, tmp_path)
    assert (server.end["reason"], server.end["message"]) == (
        "could_not_start",
        "The installed packages of this run are not in the server's store any more.",
    )
