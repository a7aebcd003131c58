"""Two installations on one Docker Engine, one perhaps a copy of the other: neither touches what is not its own."""

from collections.abc import Iterator

import pytest
from macropod_server.app import close_deps
from macropod_server.commands.backup import restore_into
from macropod_server.flows.backup import back_up
from macropod_server.flows.backup_file import Backup
from macropod_server.flows.clean import clean
from macropod_server.flows.clean_up import clean_up
from macropod_server.flows.start_run import start_runs
from macropod_server.flows.sweep import sweep
from macropod_server.flows.watch_run import watch_silent
from macropod_server.settings import Settings

from tests.builders import make_deps, make_task, runs_of
from tests.contracts.spawner_stages import DockerStage, docker_stage
from tests.contracts.spawner_workloads import WAITS

pytestmark = pytest.mark.docker


@pytest.fixture
def stage() -> Iterator[DockerStage]:
    yield from docker_stage()


@pytest.fixture
def opened(tmp_path):
    made = []

    def make(name, **world):
        made.append(make_deps(tmp_path / name, **world))
        return made[-1]

    yield make
    for deps in made:
        close_deps(deps)


@pytest.mark.parametrize("step", [sweep, lambda deps: clean(deps, now=deps.clock())])
def test_only_what_belongs_to_the_installation_is_removed(stage, opened, step):
    """Neither database knows any run, so all of it is left over: each to its own."""
    run_id, environment = stage.run(WAITS), stage.environment()
    other = stage.elsewhere()
    theirs = stage.order(WAITS)
    other.spawn(theirs)
    step(opened("other", spawner=other))
    assert (other.list(), other.remains(), other.environments()) == ([], [], [])
    assert (stage.spawner.list(), stage.spawner.environments()) == ([run_id], [environment])
    step(opened("own", spawner=stage.spawner))
    assert (stage.spawner.list(), stage.spawner.remains(), stage.spawner.environments()) == ([], [], [])


def test_a_copy_beside_its_original_leaves_the_containers_of_that_alone(stage, opened, tmp_path):
    original = opened("original", spawner=stage.spawner)
    started, waiting = make_task(original), make_task(original)
    start_runs(original)
    containers = sorted(stage.spawner.list())
    assert containers == sorted(run.id for task in (started, waiting) for run in runs_of(original, task))
    back_up(original, tmp_path / "a.backup", now=original.clock())
    settings = Settings(data_dir=tmp_path / "copy" / "data", spawner="docker")
    restore_into(settings, Backup(tmp_path / "a.backup"))
    copy = opened("copy", spawner=stage.elsewhere(), clock=original.clock)
    original.clock.advance(hours=1)
    for step in (start_runs, watch_silent, clean_up, sweep, start_runs, clean_up):
        step(copy)
    assert sorted(stage.spawner.list()) == containers
    assert copy.spawner.list() == []
    assert {run.status for task in (started, waiting) for run in runs_of(copy, task)} == {"lost"}
