"""What one kind of spawner started is left to it: another can neither see nor end it, and must not guess."""

from datetime import timedelta

import pytest
from macropod_server.app import build_deps, close_deps
from macropod_server.db import orchestrations, runs
from macropod_server.domain.errors import Unavailable
from macropod_server.domain.run import Reason
from macropod_server.flows.clean_up import clean_up
from macropod_server.flows.enqueue_due import enqueue_due
from macropod_server.flows.finish_run import Ending, finish_run
from macropod_server.flows.hand_spec import hand_spec
from macropod_server.flows.start_run import start_runs
from macropod_server.flows.stop_run import kill_run, stop_runs
from macropod_server.flows.sweep import sweep
from macropod_server.flows.watch_run import watch
from macropod_server.settings import Settings
from macropod_server.spawners.base import Running

from tests.builders import WORKSPACE, all_rows, make_deps, make_task, reread, runs_of
from tests.clockwork import begin, holders, statuses
from tests.fakes.spawner import FakeSpawner
from tests.flows.test_package_orchestration import agree, begin_packaging, end


class Docker(FakeSpawner):
    name = "docker"


class Process(FakeSpawner):
    name = "process"


@pytest.fixture
def docker(tmp_path, database_url):
    deps = make_deps(tmp_path, spawner=Docker(), database_url=database_url)
    yield deps
    close_deps(deps)


@pytest.fixture
def process(tmp_path, docker):
    """The same installation, started with another spawner."""
    deps = make_deps(tmp_path, spawner=Process(), clock=docker.clock, database_url=docker.settings.database_url)
    yield deps
    close_deps(deps)


@pytest.fixture
def run(docker):
    """A run that must not overlap the next, under way in its container."""
    task = make_task(docker, schedule="* * * * *", overlap="skip")
    docker.clock.advance(minutes=1)
    enqueue_due(docker)
    run = begin(docker, runs_of(docker, task)[0])
    docker.spawner.begin(run.id)
    docker.clock.advance(minutes=1)
    return run


def test_a_run_that_goes_on_elsewhere_is_not_called_lost_and_keeps_its_place(process, run):
    watch(process, silence=timedelta(0))
    clean_up(process)
    assert reread(process, run).status == "running"
    assert run.id in holders(process).values()


def test_a_kill_waits_for_the_spawner_that_can_carry_it_out(docker, process, run):
    kill_run(process, run.id, workspace_id=WORKSPACE, now=process.clock())
    for deps in (process, docker):
        stop_runs(deps)
        deps.clock.advance(seconds=deps.settings.grace_seconds + 6)
        stop_runs(deps)
        assert reread(deps, run).status == ("running" if deps is process else "killed")


def test_a_container_is_cleaned_up_by_the_spawner_that_made_it(docker, process, run):
    finish_run(process, run.id, Ending(Reason.COMPLETED), now=process.clock())
    clean_up(process)
    assert (reread(process, run).removed_at, docker.spawner.inspect(run.id)) == (None, Running())
    clean_up(docker)
    assert reread(process, run).removed_at is not None


def test_a_run_that_was_put_back_is_not_started_by_another_spawner(docker, process):
    task = make_task(docker)
    docker.spawner.become_unavailable()
    start_runs(docker)
    docker.clock.advance(minutes=1)
    start_runs(process)
    assert (statuses(process, task), process.spawner.orders) == (["queued"], [])
    docker.spawner.become_available()
    start_runs(docker)
    assert statuses(docker, task) == ["starting"]


@pytest.fixture
def packaged(docker):
    orchestration, packaging = begin_packaging(docker)
    agree(docker, packaging)
    end(docker, packaging)
    clean_up(docker)
    return orchestration


def test_a_spell_with_another_spawner_loses_no_environment(docker, process, packaged):
    task = make_task(process, packaged)
    start_runs(process)
    assert statuses(process, task) == ["queued"], "it waits until its packages are installed here"
    sweep(process)
    sweep(docker)
    assert docker.spawner.environments() == [packaged.packaging_run_id]
    assert [row.status for row in all_rows(docker, type(environment_of(docker, packaged)))] == ["ready"]


def environment_of(deps, orchestration):
    with deps.database.read() as session:
        return orchestrations.environment(session, reread(deps, orchestration).environment)


def test_what_was_built_by_one_spawner_is_built_again_for_another(process, packaged):
    task = make_task(process, packaged)
    start_runs(process)
    start_runs(process)
    rebuild = reread(process, packaged).packaging_run_id
    hand_spec(process, rebuild, now=process.clock())
    with process.database.read() as session:
        packaging = runs.get(session, rebuild)
    agree(process, packaging)
    end(process, packaging)
    process.clock.advance(seconds=5)
    start_runs(process)
    assert statuses(process, task) == ["starting"]
    assert (process.spawner.orders[-1].environment, environment_of(process, packaged).spawner) == (rebuild, "process")


@pytest.fixture
def no_engine(monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")


def settings_of(deps, **changes):
    kept = {"data_dir": deps.settings.data_dir, "credentials": deps.settings.credentials}
    return Settings(**kept | {"database_url": deps.settings.database_url} | changes)


def test_a_server_does_not_change_the_spawner_of_what_is_there_by_itself(docker, run, no_engine):
    with pytest.raises(Unavailable, match="1 run of the spawner docker, and they cannot be reached now: No Docker"):
        build_deps(settings_of(docker))


def test_a_command_that_only_looks_may_do_so_while_the_engine_is_away(docker, run, no_engine):
    looking = build_deps(settings_of(docker), is_to_spawn=False)
    assert looking.spawner.name == "docker"
    close_deps(looking)


def test_a_spawner_that_is_named_is_taken(docker, run, no_engine):
    named = build_deps(settings_of(docker, spawner="process"), is_to_spawn=False)
    assert named.spawner.name == "process"
    close_deps(named)
