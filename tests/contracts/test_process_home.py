"""The home of a run of the process spawner: at the path all runs have in common, and each its own."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from macropod_server.spawners.base import Exited, Running
from macropod_server.spawners.process import HOME, ProcessSpawner

from tests.contracts.spawner_stages import AT_ONCE, ProcessStage, process_stage
from tests.contracts.spawner_workloads import TIDIES_UP, WAITS, Workload

LOOKS = Workload(
    """
import json, os, pathlib
print("started")
told = [os.getcwd(), os.environ["HOME"], os.environ["MACROPOD_ARGUMENTS"], sorted(os.listdir("/home/jovyan"))]
print(json.dumps(told))
"""
)
MARKS_ITS_HOME = Workload(
    """
import os, pathlib, time
mark = pathlib.Path("/home/jovyan/mark")
mark.write_text(os.environ["MACROPOD_RUN_ID"])
print("started")
time.sleep(600)
"""
)
FAILS = Workload("print('started')\n1 / 0\n")


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[ProcessStage]:
    for stage in process_stage(tmp_path):
        if trouble := stage.process.trouble_with_home():
            pytest.skip(trouble)
        yield stage


def mounts() -> list[str]:
    """Those below /home; containers of other tests come and go meanwhile."""
    return [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if " /home" in line]


def test_a_run_works_in_the_home_all_runs_have_in_common(stage: ProcessStage) -> None:
    run_id = stage.run(LOOKS)
    assert stage.await_end(run_id) == Exited(0)
    told = json.loads(stage.protocol.run(run_id).lines[1])
    assert told == [HOME, HOME, f"{HOME}/arguments.json", ["arguments.json", "main.py", "requirements.txt"]]


def test_two_runs_at_once_see_each_its_own(stage: ProcessStage) -> None:
    runs = [stage.run(MARKS_ITS_HOME) for _ in range(2)]
    assert [(stage.run_folder(each) / "home" / "mark").read_text() for each in runs] == runs


def test_tracebacks_name_that_path_and_the_error_the_file_in_it(stage: ProcessStage) -> None:
    run_id = stage.run(FAILS)
    stage.await_end(run_id)
    assert f'  File "{HOME}/main.py", line 2, in <module>' in stage.protocol.run(run_id).lines
    end = stage.protocol.run(run_id).end
    assert end is not None
    assert (end["error"]["file"], end["error"]["line"]) == ("main.py", 2)


def test_nothing_of_it_is_seen_from_outside_or_left_behind(stage: ProcessStage) -> None:
    before, homes = mounts(), sorted(os.listdir("/home"))
    run_id = stage.run(WAITS)
    assert (mounts(), sorted(os.listdir("/home"))) == (before, homes)
    stage.spawner.remove(run_id, grace=AT_ONCE)
    assert (mounts(), sorted(os.listdir("/home"))) == (before, homes)
    assert not stage.run_folder(run_id).exists()


def test_the_next_spawner_adopts_and_ends_it_as_any_other(stage: ProcessStage) -> None:
    run_id = stage.run(TIDIES_UP)
    stage.process.close()
    again = stage.anew()
    assert again.inspect(run_id) == Running()
    again.remove(run_id, grace=AT_ONCE)
    assert stage.processes(run_id) == []


def test_below_the_home_of_somebody_the_run_keeps_its_folder_and_says_so(tmp_path: Path) -> None:
    at = tmp_path / "jovyan"
    (at / "data").mkdir(parents=True)
    for stage in process_stage(tmp_path):
        spawner = ProcessSpawner(at / "data", runner_url=stage.protocol.url, home_at=str(at))
        spawner.prepare()
        trouble = spawner.trouble_with_home()
        order = stage.order(Workload("import os\nprint('started')\nprint(os.environ['HOME'])\n"))
        spawner.spawn(order)
        stage.protocol.run(order.run_id).has_ended.wait(20)
        said = (at / "data" / "runs" / order.run_id / "output.log").read_text()
        spawner.remove(order.run_id, grace=AT_ONCE)
        spawner.close()
        assert trouble is not None
        assert trouble.startswith(f"A run cannot have {at} to itself: it needs {at}")
        assert f"macropod-runner: {trouble.partition(': ')[0]}" in said
        assert stage.protocol.run(order.run_id).lines[1] == str(at / "data" / "runs" / order.run_id / "home")


def test_who_wants_none_has_none(tmp_path: Path) -> None:
    spawner = ProcessSpawner(tmp_path / "data", runner_url="", home_at=None)
    assert spawner.trouble_with_home() is None
