"""What only the process spawner promises: its fork server, its folders, and that it hurts no stranger."""

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from macropod_server.spawners.base import Exited, Running, SpawnerUnavailable, Starting
from macropod_server.spawners.process_folders import delete_tree
from macropod_server.spawners.sdk_path import link_sdk

from tests.contracts.spawner_stages import AT_ONCE, ProcessStage, process_stage
from tests.contracts.spawner_workloads import OUTLIVES_ITS_RUNNER, WAITS, Workload

NOBODY = 65534


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[ProcessStage]:
    yield from process_stage(tmp_path)


def fork_server_of(stage: ProcessStage) -> psutil.Process:
    (found,) = [each for each in psutil.Process().children() if "forkserver" in " ".join(each.cmdline())]
    return found


def test_runs_live_on_when_the_fork_server_is_killed(stage: ProcessStage) -> None:
    run_id = stage.run(WAITS)
    fork_server_of(stage).kill()
    assert stage.spawner.inspect(run_id) == Running()


def test_after_the_fork_server_was_killed_the_next_run_starts(stage: ProcessStage) -> None:
    fork_server_of(stage).kill()
    assert stage.spawner.inspect(stage.run(WAITS)) == Running()


def test_a_runner_killed_when_nobody_could_see_it_has_no_exit_code(stage: ProcessStage) -> None:
    run_id = stage.run(WAITS)
    fork_server_of(stage).kill()
    stage.kill(run_id)
    assert stage.await_end(run_id) == Exited(None)


def test_a_run_whose_server_died_before_it_was_started_is_started_by_the_next(stage: ProcessStage) -> None:
    order = stage.order(WAITS)
    stage.run_folder(order.run_id).mkdir()
    assert stage.spawner.inspect(order.run_id) == Starting()
    stage.spawner.spawn(order)
    stage.await_started(order.run_id)
    assert stage.spawner.inspect(order.run_id) == Running()


def test_a_stranger_with_the_number_of_a_runner_that_ended_is_left_alone(stage: ProcessStage) -> None:
    run_id = stage.run(WAITS)
    stage.kill(run_id)
    stage.await_end(run_id)
    with stranger() as other:
        (stage.run_folder(run_id) / "pid").write_text(str(other.pid))
        stage.spawner.remove(run_id, grace=AT_ONCE)
        assert other.poll() is None


def test_a_stranger_who_got_the_number_of_a_dead_runner_from_the_system_is_left_alone(stage: ProcessStage) -> None:
    run_id = stage.run(OUTLIVES_ITS_RUNNER)
    runner = int((stage.run_folder(run_id) / "pid").read_text())
    stage.kill(run_id)
    stage.await_end(run_id)
    (stage.run_folder(run_id) / "exit").unlink()  # As if nobody had seen it.
    with stranger_with_number(runner) as other:
        assert stage.spawner.inspect(run_id) == Exited(None)
        stage.spawner.remove(run_id, grace=AT_ONCE)
        assert other.poll() is None
    assert stage.processes(run_id) == []


def test_what_a_killed_runner_left_behind_is_known_by_its_environment(stage: ProcessStage) -> None:
    run_id = stage.run(OUTLIVES_ITS_RUNNER)
    stage.kill(run_id)
    stage.await_end(run_id)
    assert len(stage.processes(run_id)) == 1
    with stranger(MACROPOD_RUN_ID="another") as other:
        stage.spawner.remove(run_id, grace=AT_ONCE)
        assert other.poll() is None
    assert stage.processes(run_id) == []


def test_secrets_a_killed_runner_left_in_memory_go_with_its_run(stage: ProcessStage) -> None:
    run_id = stage.run(WAITS)
    left = Path("/dev/shm") / f"macropod-{run_id}"
    left.mkdir(mode=0o700)
    (left / "token").write_text("t0ken")
    (left / "token").chmod(0o400)
    stage.kill(run_id)
    stage.await_end(run_id)
    stage.spawner.remove(run_id, grace=AT_ONCE)
    assert not left.exists()


def test_without_its_data_folder_nothing_is_called_gone(stage: ProcessStage, tmp_path: Path) -> None:
    run_id = stage.run(WAITS)
    (tmp_path / "data").rename(tmp_path / "unmounted")
    with pytest.raises(SpawnerUnavailable):
        stage.spawner.inspect(run_id)
    (tmp_path / "unmounted").rename(tmp_path / "data")
    assert stage.spawner.inspect(run_id) == Running()


IMPORTS = Workload(
    """
import importlib.util, os

print("started")
print([name for name in ("macropod", "httpx2", "wallaroo", "fastapi", "macropod_server", "docker")
       if importlib.util.find_spec(name)])
print([name for name in ("PLANTED", "MACROPOD_DATA_DIR") if name in os.environ])
import macropod
print(hasattr(macropod, "task_args"))
"""
)


def test_a_run_imports_the_sdk_and_nothing_else_of_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANTED", "by whoever started the server")
    for stage in process_stage(tmp_path):
        run_id = stage.run(IMPORTS)
        stage.await_end(run_id)
        assert stage.protocol.run(run_id).lines[1:] == ["['macropod', 'httpx2', 'wallaroo']", "[]", "True"]


def test_the_folder_of_the_sdk_keeps_its_path_and_drops_what_is_outdated(tmp_path: Path) -> None:
    (tmp_path / "sdk-of-an-earlier-version").mkdir()
    (tmp_path / "sdk").symlink_to("sdk-of-an-earlier-version")
    assert link_sdk(tmp_path) == link_sdk(tmp_path) == tmp_path / "sdk"
    assert (tmp_path / "sdk" / "macropod" / "__init__.py").is_file()
    assert (tmp_path / "sdk" / "rich" / "__init__.py").is_file()
    assert not (tmp_path / "sdk" / "fastapi").exists()


def test_the_bare_environment_is_made_once(stage: ProcessStage, tmp_path: Path) -> None:
    made = tmp_path / "data" / "environments"
    before = {each: each.stat().st_mtime_ns for each in made.iterdir()}
    stage.anew()
    assert len(before) == 1
    assert {each: each.stat().st_mtime_ns for each in made.iterdir()} == before


def test_folders_made_read_only_are_deleted_too() -> None:
    assert in_a_child_without_privileges(delete_a_read_only_tree) == 0


def delete_a_read_only_tree() -> None:
    with tempfile.TemporaryDirectory() as folder:
        inner = Path(folder) / "outer" / "inner"
        inner.mkdir(parents=True)
        (inner / "file").touch()
        inner.chmod(0o500)
        inner.parent.chmod(0o500)
        delete_tree(inner.parent)
        assert not inner.parent.exists()


def in_a_child_without_privileges(action: Callable[[], None]) -> int:
    """Root may delete anything, so root does it as nobody. Returns the child's exit code."""
    child = os.fork()
    if child == 0:
        code = 1
        with contextlib.suppress(BaseException):
            if os.geteuid() == 0:
                os.setuid(NOBODY)
            action()
            code = 0
        os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_deleting_a_tree_leaves_what_its_links_point_to(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").touch()
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "link").symlink_to(tmp_path / "kept")
    delete_tree(tmp_path / "tree")
    assert (tmp_path / "kept" / "file").exists()
    assert not (tmp_path / "tree").exists()


@contextmanager
def stranger_with_number(number: int) -> Iterator[subprocess.Popen[bytes]]:
    """Linux tells root which number was given last, and lets it be changed."""
    last = Path("/proc/sys/kernel/ns_last_pid")
    if not os.access(last, os.W_OK):
        pytest.skip("Only root on Linux can choose the number of the next process.")
    for _ in range(100):
        last.write_text(str(number - 1))
        with stranger() as process:
            if process.pid == number:
                yield process
                return
    pytest.fail(f"Number {number} could not be had again.")


@contextmanager
def stranger(**environ: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that belongs to no run."""
    command = [sys.executable, "-I", "-S", "-c", "import time; time.sleep(60)"]
    with subprocess.Popen(command, env=environ, start_new_session=True) as process:
        yield process
        process.kill()
