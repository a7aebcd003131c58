"""What a run may use reaches container and runner; what nobody here can give is refused when a task is made."""

from dataclasses import replace

import pytest
from macropod_server.db.tables import Task
from macropod_server.domain.errors import Invalid
from macropod_server.domain.profiles import Profile
from macropod_server.domain.resources import Capacity, Limits
from macropod_server.flows.hand_spec import hand_spec
from macropod_server.flows.start_run import start_runs

from tests.builders import all_rows, make_task, reread, runs_of, upload_with_requirements

GIB = 1024**3
SMALL = Profile(cpus=1.0, memory_bytes=GIB)


@pytest.fixture
def deps_with_profiles(deps):
    return replace(deps, settings=replace(deps.settings, profiles={"small": SMALL}))


def test_a_run_gets_what_its_task_asks_for(deps):
    make_task(deps, cpus=0.5, memory_bytes=GIB, pids=32, gpus=1)
    start_runs(deps)
    assert deps.spawner.orders[0].limits == Limits(memory_bytes=GIB, cpus=0.5, pids=32, gpus=1)


def test_a_run_gets_what_its_profile_says_unless_its_task_says_more(deps_with_profiles):
    make_task(deps_with_profiles, profile="small", cpus=2.0)
    start_runs(deps_with_profiles)
    defaults = deps_with_profiles.limits
    assert deps_with_profiles.spawner.orders[0].limits == replace(defaults, cpus=2.0, memory_bytes=GIB)


def test_packaging_gets_what_goes_without_saying(deps):
    upload_with_requirements(deps)
    start_runs(deps)
    assert deps.spawner.orders[0].limits == deps.limits


def test_a_runner_that_watches_memory_is_told_the_limit_of_the_task(deps):
    deps.spawner.runner_watches_memory = True
    task = make_task(deps, memory_bytes=GIB)
    start_runs(deps)
    assert hand_spec(deps, runs_of(deps, task)[0].id, now=deps.clock()).memory_bytes == GIB


def test_a_task_that_asks_for_more_than_there_is_is_refused_and_not_made(deps):
    deps.spawner.gives = Capacity(cpus=2.0, memory_bytes=8 * GIB, pids=100, gpus=0)
    with pytest.raises(Invalid, match=r"asks for 4 CPUs; the fake spawner has 2 CPUs\..* asks for 1 GPU; .* has none"):
        make_task(deps, cpus=4.0, gpus=1)
    assert all_rows(deps, Task) == []


def test_a_task_with_a_profile_nobody_made_is_refused(deps):
    with pytest.raises(Invalid, match="There is no profile 'huge'; this server has none"):
        make_task(deps, profile="huge")


def test_while_the_spawner_is_away_nobody_knows_so_the_task_is_made(deps):
    deps.spawner.become_unavailable()
    assert make_task(deps, gpus=1).gpus == 1


def test_a_run_whose_profile_is_gone_cannot_start_and_says_so(deps, deps_with_profiles):
    task = make_task(deps_with_profiles, profile="small")
    start_runs(deps)
    run = reread(deps, runs_of(deps, task)[0])
    assert (run.status, run.reason) == ("failure", "could_not_start")
    assert run.message == "There is no profile 'small'; this server has none. MACROPOD_PROFILES names them."
