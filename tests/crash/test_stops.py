"""The server ends, or is ended, while something is to be stopped or runs on."""

import time
from pathlib import Path

import psutil
import pytest

from tests.crash.programs import IGNORES_TERM, PATIENCE_SECONDS, WAITS_FOR_A_FILE, how_it_ended, upload, wait_for
from tests.live_server import LiveServer, processes_of


@pytest.mark.parametrize("heard_for_seconds", [0, 0.3])
def test_a_kill_asked_for_before_the_server_died_is_carried_out_after_it(
    server: LiveServer, heard_for_seconds: float
) -> None:
    task = upload(server.client, IGNORES_TERM).run_once("clings")
    next(task.follow())
    assert task.kill() == "pending_kill"
    time.sleep(heard_for_seconds)
    server.kill_and_restart()
    run = task.wait(PATIENCE_SECONDS)
    assert (run.status(), run.reason, run.signal) == ("killed", "kill_requested", "SIGKILL")
    wait_for(lambda: task.status() == "killed" and not processes_of(server.data_dir / "runs" / run.id))


def test_a_server_that_is_asked_to_end_is_gone_in_ten_seconds_and_its_runs_are_adopted(
    server: LiveServer, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    task = upload(server.client, WAITS_FOR_A_FILE).run_once("waits", json_args={"file": str(go)})
    lines = task.follow()
    first = next(lines)
    process = psutil.Process(int(first.text.removeprefix("process ")))
    server.terminate(seconds=10)
    assert process.is_running()
    server.start()
    assert task.last_runs()[0].status() == "running"
    go.touch()
    assert [line.text for line in lines] == ["last words"]
    assert how_it_ended(task) == ("failure", "exit_code", 7)
    assert len(task.last_runs()) == 1
