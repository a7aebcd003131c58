"""What a spawner tells of all its installation has here, so that what nobody needs can be found and removed."""

import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from macropod_server.spawners.base import Spawner, SpawnerUnavailable

from tests.contracts.kubernetes_stages import KUBERNETES
from tests.contracts.spawner_stages import AT_ONCE, KEEPERS, DockerStage, Stage, docker_stage
from tests.contracts.spawner_workloads import WAITS, ends


def named(spawner: Spawner, kind: str) -> dict[str, int | None]:
    return {each.name: each.bytes for each in spawner.holdings() if each.kind == kind}


def test_files_of_running_and_ended_runs_remain_until_they_are_removed(stage: Stage) -> None:
    running, ended = stage.run(WAITS), stage.run(ends())
    stage.await_end(ended)
    assert sorted(stage.anew().remains()) == sorted([running, ended])
    for run_id in (running, ended):
        stage.spawner.remove(run_id, grace=AT_ONCE)
    assert stage.spawner.remains() == []


@pytest.mark.parametrize("stage", KEEPERS, indirect=True)
def test_environments_are_listed_by_name_until_they_are_discarded(stage: Stage) -> None:
    assert stage.spawner.environments() == []
    environment, other = stage.environment(), stage.environment()
    assert sorted(stage.anew().environments()) == sorted([environment, other])
    stage.spawner.discard(environment)
    assert stage.spawner.environments() == [other]


def test_another_installation_sees_none_of_it(stage: Stage) -> None:
    stage.run(WAITS)
    if stage.spawner.keeps_environments:
        stage.environment()
    elsewhere = stage.elsewhere()
    assert (elsewhere.remains(), elsewhere.environments()) == ([], [])
    assert not {"container", "files of a run", "environment"} & {each.kind for each in elsewhere.holdings()}


@pytest.mark.parametrize("stage", KUBERNETES, indirect=True)
def test_what_a_run_takes_where_nobody_can_tell_is_listed_without_its_size(stage: Stage) -> None:
    run_id = stage.run(WAITS)
    assert named(stage.spawner, "container") == named(stage.spawner, "files of a run") == {run_id: None}
    assert named(stage.spawner, "environment") == {}


@pytest.mark.parametrize("stage", KEEPERS, indirect=True)
def test_holdings_are_what_remains_and_the_environments_with_their_sizes(stage: Stage) -> None:
    run_id, environment = stage.run(WAITS), stage.environment()
    files, environments = named(stage.spawner, "files of a run"), named(stage.spawner, "environment")
    assert (list(files), list(environments)) == ([run_id], [environment])
    assert environments[environment]


CALLS: dict[str, Callable[[Spawner], object]] = {
    "remains": lambda spawner: spawner.remains(),
    "environments": lambda spawner: spawner.environments(),
    "holdings": lambda spawner: spawner.holdings(),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_spawner_that_is_cut_off_does_not_call_anything_gone(stage: Stage, call: str) -> None:
    with pytest.raises(SpawnerUnavailable):
        CALLS[call](stage.cut_off())


@pytest.mark.docker
def test_a_home_whose_container_was_taken_away_remains_and_can_be_removed() -> None:
    for stage in docker_stage():
        run_id = stage.run(WAITS)
        stage.lose(run_id)
        assert (stage.spawner.list(), stage.spawner.remains()) == ([], [run_id])
        stage.spawner.remove(run_id, grace=AT_ONCE)
        assert stage.spawner.remains() == []


@pytest.mark.docker
def test_two_installations_on_one_engine_remove_nothing_of_each_other() -> None:
    for stage in docker_stage():
        run_id, environment = stage.run(WAITS), stage.environment()
        elsewhere = stage.elsewhere()
        for each in (run_id, str(uuid.uuid4())):
            elsewhere.discard(each)
        elsewhere.discard(environment)
        assert (elsewhere.list(), elsewhere.remains(), elsewhere.environments()) == ([], [], [])
        assert (stage.spawner.list(), stage.spawner.environments()) == ([run_id], [environment])
        assert {Path(name).name for name in volumes_in_use(stage)} >= {environment, run_id}


def volumes_in_use(stage: DockerStage) -> list[str]:
    return [
        name.replace(f"{stage.names.network}-env-", "").replace(f"{stage.names.network}-home-", "")
        for name in stage.volumes()
    ]
