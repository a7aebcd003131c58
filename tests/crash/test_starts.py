"""`kill -9` of the server around the start of runs: each accepted run starts, and exactly once."""

import time
from random import Random

import pytest

from tests.crash.moments import until_appears
from tests.crash.programs import MARKS, Marks, how_it_ended, upload, wait_for
from tests.live_server import LiveServer


@pytest.mark.parametrize("seed", [1, 2])
def test_runs_accepted_just_before_the_kill_start_exactly_once(server: LiveServer, marks: Marks, seed: int) -> None:
    moments = Random(seed)
    orchestration = upload(server.client, MARKS)
    tasks = []
    for _ in range(6):
        tasks.append(marks.run(orchestration))
        time.sleep(moments.uniform(0, 0.02))
    server.kill_and_restart()
    assert [how_it_ended(task) for task in tasks] == [("success", "completed", 0)] * 6
    assert marks.counts() == [1] * 6


def test_fifty_queued_runs_start_exactly_once_each_however_often_the_server_is_killed(
    server: LiveServer, marks: Marks
) -> None:
    moments = Random(4)
    orchestration = upload(server.client, MARKS)
    tasks = [marks.run(orchestration, exit_code=number) for number in range(50)]
    for _ in range(2):
        time.sleep(moments.uniform(0, 0.5))
        server.kill_and_restart()
    expected = [("failure", "exit_code", number) for number in range(1, 50)]
    assert [how_it_ended(task) for task in tasks] == [("success", "completed", 0), *expected]
    assert marks.counts() == [1] * 50


def test_a_server_killed_between_the_folder_of_a_run_and_its_runner_starts_it_once_it_is_back(
    server: LiveServer, marks: Marks
) -> None:
    [fork_server] = server.helpers()
    fork_server.suspend()
    task = marks.run(upload(server.client, MARKS))
    [run] = wait_for(task.last_runs)
    wait_for((server.data_dir / "runs" / run.id / "home").is_dir)
    server.kill()
    fork_server.kill()
    server.start()
    assert how_it_ended(task) == ("success", "completed", 0)
    assert marks.counts() == [1]


@pytest.mark.parametrize("stage", ["*", "*/pid", "*/home/main.py", "*/home/arguments.json"])
def test_a_server_killed_at_any_stage_of_a_start_starts_the_run_exactly_once(
    server: LiveServer, marks: Marks, stage: str
) -> None:
    orchestration = upload(server.client, MARKS)
    with until_appears(stage, folder=server.data_dir / "runs"):
        task = marks.run(orchestration)
    server.kill_and_restart()
    assert how_it_ended(task) == ("success", "completed", 0)
    assert marks.counts() == [1]
