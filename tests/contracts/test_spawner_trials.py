"""What a spawner tells of the things it takes to start, see and end runs, asked one after the other."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contracts.kubernetes_stages import DoubleStage
from tests.contracts.spawner_stages import DockerStage, Stage, docker_stage


def test_where_all_can_be_had_each_trial_says_so_and_no_container_is_made(stage: Stage) -> None:
    trials = stage.spawner.trials()
    assert trials
    assert [each.trouble for each in trials] == [None] * len(trials)
    assert (stage.spawner.list(), stage.spawner.remains()) == ([], [])


def test_it_tells_the_address_at_which_containers_call_the_server(stage: Stage) -> None:
    assert stage.spawner.server_url().startswith("http://")


def test_a_system_that_does_not_answer_is_a_trial_that_failed(stage: Stage) -> None:
    troubles = [each.trouble for each in stage.cut_off().trials() if each.trouble]
    assert troubles
    assert all(each.endswith(".") for each in troubles)


@pytest.fixture
def engine() -> Iterator[DockerStage]:
    yield from docker_stage()


@pytest.mark.docker
def test_an_image_that_is_missing_is_named_and_the_rest_is_tried(engine: DockerStage) -> None:
    trials = engine.of_image("no-such-image:1").trials()
    troubles = {each.what: each.trouble for each in trials if each.trouble}
    assert list(troubles) == ["the image no-such-image:1 is there"]
    assert "make runner-image" in str(troubles["the image no-such-image:1 is there"])
    assert len(trials) > 1


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[DoubleStage]:
    with contextlib.closing(DoubleStage(tmp_path)) as stage:
        yield stage


def test_each_right_that_is_missing_is_named_with_what_to_do(cluster: DoubleStage) -> None:
    cluster.double.api.bad_day.forbidden |= {("create", "secrets"), ("get", "pods/log")}
    troubles = {each.what: each.trouble for each in cluster.spawner.trials() if each.trouble}
    assert list(troubles) == ["the right to get pods/log", "the right to create secrets"]
    assert all("Give its service account a Role" in str(each) for each in troubles.values())
