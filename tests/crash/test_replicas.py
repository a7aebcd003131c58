"""Several servers on one PostgreSQL and one data folder: whoever is left carries on, and nothing happens twice."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import macropod
import psutil
import pytest

from tests.crash.fleet import Fleet, a_fleet
from tests.crash.programs import (
    IGNORES_TERM,
    MARKS,
    PATIENCE_SECONDS,
    WAITS_FOR_A_FILE,
    Marks,
    how_it_ended,
    upload,
    wait_for,
)
from tests.live_server import processes_of
from tests.postgres import Postgres

TAKEN_OVER_SECONDS = 14


@pytest.fixture
def fleet(postgres: Postgres, tmp_path: Path) -> Iterator[Fleet]:
    with a_fleet(tmp_path, postgres.fresh_url()) as fleet:
        yield fleet


def waiting_run(fleet: Fleet, go: Path) -> tuple[macropod.Task, psutil.Process]:
    task = upload(fleet.client, WAITS_FOR_A_FILE).run_once("waits", json_args={"file": str(go)})
    return task, psutil.Process(int(next(task.follow()).text.removeprefix("process ")))


def test_the_servers_left_carry_on_when_one_of_three_is_killed(fleet: Fleet, marks: Marks, tmp_path: Path) -> None:
    first, *_ = [fleet.start(max_runs=50) for _ in range(3)]
    orchestration, go = upload(fleet.client, MARKS), tmp_path / "go"
    waiting = [waiting_run(fleet, go)[0] for _ in range(3)]
    tasks = [marks.run(orchestration) for _ in range(10)]
    first.kill()
    began = time.monotonic()
    tasks += [marks.run(orchestration) for _ in range(10)]
    assert [how_it_ended(task) for task in tasks] == [("success", "completed", 0)] * 20
    assert time.monotonic() - began < TAKEN_OVER_SECONDS
    go.touch()
    assert [how_it_ended(task) for task in waiting] == [("failure", "exit_code", 7)] * 3
    assert marks.counts() == [1] * 20


def test_runs_of_a_killed_server_are_seen_stopped_and_removed_by_another(fleet: Fleet) -> None:
    first = fleet.start()
    task = upload(fleet.client, IGNORES_TERM).run_once("clings")
    next(task.follow())
    fleet.start()
    first.kill()
    assert task.kill() == "pending_kill"
    run = task.wait(PATIENCE_SECONDS)
    assert (run.status(), run.reason) == ("killed", "kill_requested")
    wait_for(lambda: not processes_of(fleet.data_dir / "runs" / run.id))
    wait_for(lambda: not (fleet.data_dir / "runs" / run.id).exists())


def test_a_server_that_was_stopped_for_seconds_does_nothing_stale_when_it_wakes(fleet: Fleet, marks: Marks) -> None:
    first = fleet.start(max_runs=50)
    orchestration = upload(fleet.client, MARKS)
    task = orchestration.run_scheduled("each minute", schedule="* * * * *", json_args={"marks": "/dev/null"})
    fleet.start(max_runs=50)
    before = [marks.run(orchestration) for _ in range(10)]
    first.suspend()
    while_away = [marks.run(orchestration) for _ in range(10)]
    assert [how_it_ended(each) for each in while_away] == [("success", "completed", 0)] * 10
    time.sleep(4)
    first.resume()
    assert [how_it_ended(each) for each in before] == [("success", "completed", 0)] * 10
    assert marks.counts() == [1] * 20
    assert [len(each.last_runs()) for each in before + while_away] == [1] * 20
    task.kill()


def test_servers_that_start_at_the_same_moment_adopt_the_same_runs_without_harm(fleet: Fleet, tmp_path: Path) -> None:
    first, go = fleet.start(), tmp_path / "go"
    task, process = waiting_run(fleet, go)
    first.kill()
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: fleet.start(), range(3)))
    assert process.is_running()
    go.touch()
    assert how_it_ended(task) == ("failure", "exit_code", 7)
    assert len(task.last_runs()) == 1


def test_what_one_server_takes_another_starts_at_once(fleet: Fleet, marks: Marks) -> None:
    """Woken over the database: without that the engine would look after a second, half a second on average."""
    fleet.start("api")
    fleet.start("engine")
    orchestration = upload(fleet.client, MARKS)
    lasted = []
    for _ in range(6):
        task = marks.run(orchestration)
        assert how_it_ended(task) == ("success", "completed", 0)
        [run] = task.last_runs()
        assert run.started_at is not None
        lasted.append((run.started_at - run.created_at).total_seconds())
    assert sorted(lasted)[2] < 0.3
    assert marks.counts() == [1] * 6
