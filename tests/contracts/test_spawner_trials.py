"""What a spawner tells of the things it takes to start, see and end runs, asked one after the other."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contracts.spawner_stages import DockerStage, FakeStage, Stage, docker_stage, process_stage


@pytest.fixture(params=["fake", "process", pytest.param("docker", marks=pytest.mark.docker)])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    match request.param:
        case "fake":
            yield FakeStage()
        case "process":
            yield from process_stage(tmp_path)
        case "docker":
            yield from docker_stage()


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
