"""What the docker spawner promises, it promises through the gate too: tests of both suites, before a real engine."""

from collections.abc import Iterator

import pytest

from tests.contracts import test_docker_spawner as docker_suite
from tests.contracts import test_spawner as suite
from tests.contracts.spawner_stages import DockerStage, docker_stage
from tests.contracts.spawner_workloads import WAITS

pytestmark = pytest.mark.docker

PROMISES = (
    suite.test_a_spawned_run_starts_and_runs,
    suite.test_a_second_spawn_starts_nothing_after_the_end,
    suite.test_spawns_of_two_servers_at_the_same_time_start_one_container,
    suite.test_an_order_that_cannot_work_is_refused_and_leaves_nothing,
    suite.test_a_container_that_was_never_made_is_gone,
    suite.test_a_container_taken_away_from_outside_is_gone_and_not_exited,
    suite.test_a_container_whose_program_ended_has_its_exit_code,
    suite.test_what_containers_are_made_from_is_told_by_its_digest_or_not_at_all,
    suite.test_the_output_is_the_last_lines_oldest_first,
    suite.test_a_container_that_is_gone_has_no_output,
    suite.test_remove_ends_a_running_container_and_nothing_is_left,
    suite.test_remove_is_harmless_when_repeated_and_when_there_is_nothing,
    suite.test_remove_by_two_servers_at_the_same_time_is_harmless,
    suite.test_remove_asks_first_and_gives_the_program_its_grace,
    suite.test_the_list_has_running_and_ended_containers,
    suite.test_the_list_has_nothing_of_another_installation,
    suite.test_after_a_restart_everything_is_found_again,
    suite.test_an_environment_outlives_the_run_that_built_it,
    suite.test_discarding_is_harmless_when_there_is_no_such_environment,
    docker_suite.test_a_container_is_confined_in_every_way,
    docker_suite.test_a_missing_image_is_its_own_error_that_says_how_to_make_it,
    docker_suite.test_an_image_removed_after_the_claim_is_missed_by_its_digest,
    docker_suite.test_an_order_the_engine_refuses_cannot_start_and_leaves_nothing,
    docker_suite.test_the_engine_tells_what_it_can_give,
    docker_suite.test_a_network_taken_away_is_made_again,
)
globals().update({promise.__name__: promise for promise in PROMISES})


@pytest.fixture
def stage(gate: str) -> Iterator[DockerStage]:
    yield from docker_stage(gate)


def test_what_an_installation_holds_is_told_and_nothing_of_others(stage: DockerStage) -> None:
    run_id = stage.run(WAITS)
    held = {(each.kind, each.name) for each in stage.docker.holdings()}
    assert {("container", run_id), ("files of a run", run_id)} <= held
    assert stage.elsewhere().holdings() == []
