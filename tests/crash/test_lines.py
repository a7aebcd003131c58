"""`kill -9` of the server while a run prints: every line is stored once and in order, and the run ends as it would."""

import time
from pathlib import Path
from random import Random

import psutil
import pytest

from tests.crash.moments import wait_for_change
from tests.crash.programs import CHATS, PATIENCE_SECONDS, WAITS_FOR_A_FILE, how_it_ended, upload
from tests.live_server import LiveServer, processes_of


@pytest.mark.parametrize("seed", [1, 2])
def test_a_server_killed_as_it_stores_lines_loses_none_and_doubles_none(server: LiveServer, seed: int) -> None:
    moments = Random(seed)
    orchestration = upload(server.client, CHATS)
    tasks = [orchestration.run_once(f"chat {number}") for number in range(2)]
    for task in tasks:
        next(task.follow())
    for _ in range(2):
        wait_for_change(server.data_dir / "logs.db-wal")
        time.sleep(moments.uniform(0, 0.005))
        server.kill()
        assert processes_of(server.data_dir), "The runs were over before the server was killed."
        server.start()
    for task in tasks:
        assert how_it_ended(task) == ("failure", "exit_code", 7)
        [run] = task.last_runs()
        assert [line.text for line in run.logs()] == [f"line {number} {'x' * 500}" for number in range(1, 20_001)]
        assert run.line_count == 20_000


def test_a_run_that_ends_while_the_server_is_away_ends_as_it_would(server: LiveServer, tmp_path: Path) -> None:
    go = tmp_path / "go"
    task = upload(server.client, WAITS_FOR_A_FILE).run_once("waits", json_args={"file": str(go)})
    process = psutil.Process(int(next(task.follow()).text.removeprefix("process ")))
    server.kill()
    go.touch()
    process.wait(PATIENCE_SECONDS)
    server.start()
    assert how_it_ended(task) == ("failure", "exit_code", 7)
    [run] = task.last_runs()
    assert [line.text for line in run.logs()] == [f"process {process.pid}", "last words"]
