"""`kill -9` of the server while a run prints: every line is stored once and in order, and the run ends as it would."""

import time
from pathlib import Path
from random import Random

import psutil
import pytest

from tests.crash.programs import CHATS, PATIENCE_SECONDS, WAITS_FOR_A_FILE, how_it_ended, upload
from tests.live_server import LiveServer, processes_of


@pytest.mark.parametrize("seed", [1, 2])
def test_a_server_killed_while_runs_chat_loses_no_line_and_doubles_none(server: LiveServer, seed: int) -> None:
    moments = Random(seed)
    orchestration = upload(server.client, CHATS)
    tasks = [orchestration.run_once(f"chat {number}") for number in range(2)]
    for task in tasks:
        next(task.follow())
    for _ in range(2):
        time.sleep(moments.uniform(0, 0.6))
        server.kill_and_restart()
    for task in tasks:
        assert how_it_ended(task) == ("failure", "exit_code", 7)
        [run] = task.last_runs()
        assert [line.text for line in run.logs()] == [f"line {number}" for number in range(1, 20_001)]
        assert run.line_count == 20_000


def test_a_server_killed_while_runs_chat_was_killed_in_their_middle(server: LiveServer) -> None:
    """What the test before stands on: the runs outlive the server and print on while it is away."""
    task = upload(server.client, CHATS).run_once("chat")
    next(task.follow())
    server.kill()
    assert processes_of(server.data_dir)
    server.start()
    assert task.last_runs()[0].status() == "running"
    task.kill()
    assert task.wait(PATIENCE_SECONDS).status() == "killed"


@pytest.mark.parametrize("away_seconds", [0, 0.5])
def test_a_run_that_ends_while_the_server_is_away_ends_as_it_would(
    server: LiveServer, tmp_path: Path, away_seconds: float
) -> None:
    go = tmp_path / "go"
    task = upload(server.client, WAITS_FOR_A_FILE).run_once("waits", json_args={"file": str(go)})
    process = psutil.Process(int(next(task.follow()).text.removeprefix("process ")))
    server.kill()
    go.touch()
    process.wait(PATIENCE_SECONDS)
    time.sleep(away_seconds)
    server.start()
    assert how_it_ended(task) == ("failure", "exit_code", 7)
    [run] = task.last_runs()
    assert [line.text for line in run.logs()] == [f"process {process.pid}", "last words"]
