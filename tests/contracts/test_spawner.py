"""The promises of `spawners.base.Spawner`, on the fake and on every spawner."""

import itertools
import re
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from macropod_server.spawners.base import (
    ContainerStuck,
    EnvironmentNotFound,
    Exited,
    Gone,
    Running,
    Spawner,
    SpawnerUnavailable,
    Starting,
)

from tests.contracts.kubernetes_stages import KUBERNETES
from tests.contracts.spawner_stages import (
    AT_ONCE,
    DOCKER,
    KEEPERS,
    MIB,
    RealStage,
    Stage,
    at_the_same_time,
    is_running,
)
from tests.contracts.spawner_workloads import (
    CLINGS_TO_LIFE,
    FORKS_WITHOUT_END,
    OPENS_TEN_THOUSAND_FILES,
    STARTS_THREADS_WITHOUT_END,
    TIDIES_UP,
    WAITS,
    Workload,
    ends,
)


def test_a_spawned_run_starts_and_runs(stage: Stage) -> None:
    order = stage.order(WAITS)
    stage.spawner.spawn(order)
    assert isinstance(stage.spawner.inspect(order.run_id), Starting | Running)
    stage.await_started(order.run_id)
    assert stage.spawner.inspect(order.run_id) == Running()


def test_a_second_spawn_starts_nothing_while_the_first_runs(stage: Stage) -> None:
    order = stage.order(WAITS)
    stage.spawner.spawn(order)
    stage.await_started(order.run_id)
    stage.spawner.spawn(order)
    assert stage.spawner.inspect(order.run_id) == Running()
    assert stage.starts(order.run_id) == 1
    assert stage.spawner.list() == [order.run_id]


def test_a_second_spawn_starts_nothing_after_the_end(stage: Stage) -> None:
    order = stage.order(ends())
    stage.spawner.spawn(order)
    stage.await_started(order.run_id)
    ended = stage.await_end(order.run_id)
    stage.anew().spawn(order)
    assert stage.spawner.inspect(order.run_id) == ended
    assert stage.starts(order.run_id) == 1


def test_spawns_of_two_servers_at_the_same_time_start_one_container(stage: Stage) -> None:
    order = stage.order(WAITS)
    spawners = itertools.cycle([stage.spawner, stage.anew()])
    at_the_same_time(lambda: next(spawners).spawn(order), times=4)
    stage.await_started(order.run_id)
    assert stage.spawner.list() == [order.run_id]
    assert stage.starts(order.run_id) == 1


@pytest.mark.parametrize("stage", KEEPERS, indirect=True)
def test_an_order_that_cannot_work_is_refused_and_leaves_nothing(stage: Stage) -> None:
    order = stage.order(WAITS, environment=str(uuid.uuid4()))
    with pytest.raises(EnvironmentNotFound, match="Upload it again") as refusal:
        stage.spawner.spawn(order)
    assert refusal.value.environment == order.environment
    assert stage.spawner.list() == []
    assert stage.spawner.inspect(order.run_id) == Gone()


def test_a_container_that_was_never_made_is_gone(stage: Stage) -> None:
    assert stage.spawner.inspect(str(uuid.uuid4())) == Gone()


def test_a_container_taken_away_from_outside_is_gone_and_not_exited(stage: Stage) -> None:
    run_id = stage.run(WAITS)
    stage.lose(run_id)
    stage.await_gone(run_id)
    assert stage.spawner.list() == []


@pytest.mark.parametrize("stage", ["fake", "process", DOCKER], indirect=True)
def test_a_container_frozen_from_outside_runs_and_says_so(stage: Stage) -> None:
    run_id = stage.run(WAITS)
    stage.freeze(run_id)
    stage.await_sighting(run_id, lambda seen: seen == Running(is_frozen=True))
    stage.spawner.remove(run_id, grace=AT_ONCE)
    assert stage.spawner.inspect(run_id) == Gone()
    assert stage.processes(run_id) == []


def test_a_container_whose_program_ended_has_its_exit_code(stage: Stage) -> None:
    assert stage.await_end(stage.run(ends())) == Exited(0)


def test_a_container_whose_program_was_killed_has_the_signal_as_a_negative_exit_code(stage: Stage) -> None:
    run_id = stage.run(WAITS)
    stage.kill(run_id)
    assert stage.await_end(run_id) == Exited(-9)


def test_a_spawner_tells_the_most_a_container_can_be_promised(stage: Stage) -> None:
    capacity = stage.spawner.capacity()
    assert capacity.memory_bytes > 256 * MIB
    assert capacity.cpus >= 0
    assert capacity.pids >= 0
    assert stage.anew().capacity() == capacity


def test_what_containers_are_made_from_is_told_by_its_digest_or_not_at_all(stage: Stage) -> None:
    image = stage.spawner.image()
    assert image is None or re.fullmatch("sha256:[0-9a-f]{64}", image)
    assert stage.anew().image() == image


def test_a_container_is_made_from_what_was_told_before(stage: Stage) -> None:
    run_id = stage.run(WAITS, image=stage.spawner.image())
    assert stage.spawner.inspect(run_id) == Running()


CALLS: dict[str, Callable[[Spawner, Stage], object]] = {
    "capacity": lambda spawner, stage: spawner.capacity(),
    "image": lambda spawner, stage: spawner.image(),
    "spawn": lambda spawner, stage: spawner.spawn(stage.order(WAITS)),
    "inspect": lambda spawner, stage: spawner.inspect(str(uuid.uuid4())),
    "output": lambda spawner, stage: spawner.output(str(uuid.uuid4()), limit=1),
    "remove": lambda spawner, stage: spawner.remove(str(uuid.uuid4()), grace=AT_ONCE),
    "list": lambda spawner, stage: spawner.list(),
    "discard": lambda spawner, stage: spawner.discard(str(uuid.uuid4())),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_spawner_that_is_cut_off_says_so_and_nothing_else(stage: Stage, call: str) -> None:
    with pytest.raises(SpawnerUnavailable):
        CALLS[call](stage.cut_off(), stage)


@pytest.mark.parametrize("stage", ["fake", "process"], indirect=True)
def test_a_container_that_resists_is_stuck_and_the_others_are_not(stage: Stage) -> None:
    stuck, other = stage.run(WAITS), stage.run(WAITS)
    stage.jam(stuck)
    with pytest.raises(ContainerStuck):
        stage.spawner.inspect(stuck)
    assert stage.spawner.inspect(other) == Running()


def test_the_output_is_the_last_lines_oldest_first(stage: Stage) -> None:
    run_id = stage.run(ends("one", "two", "three"))
    stage.await_end(run_id)
    assert stage.spawner.output(run_id, limit=2) == ["two", "three"]


def test_the_output_of_a_killed_container_can_still_be_read(stage: Stage) -> None:
    run_id = stage.run(WAITS)
    stage.await_output(run_id, "started")
    stage.kill(run_id)
    stage.await_end(run_id)
    assert stage.spawner.output(run_id, limit=10) == ["started"]


def test_a_container_that_is_gone_has_no_output(stage: Stage) -> None:
    assert stage.spawner.output(str(uuid.uuid4()), limit=10) == []


def test_remove_ends_a_running_container_and_nothing_is_left(stage: Stage) -> None:
    run_id = stage.run(WAITS)
    stage.spawner.remove(run_id, grace=timedelta(seconds=5))
    assert stage.spawner.inspect(run_id) == Gone()
    assert stage.spawner.list() == []
    assert stage.spawner.output(run_id, limit=10) == []
    assert stage.processes(run_id) == []


def test_remove_ends_programs_that_ignore_signals_and_fork_away(stage: Stage) -> None:
    run_id = stage.run(CLINGS_TO_LIFE)
    stage.spawner.remove(run_id, grace=AT_ONCE)
    assert stage.processes(run_id) == []
    assert stage.spawner.inspect(run_id) == Gone()


def test_remove_ends_what_a_killed_runner_left_behind(stage: Stage) -> None:
    run_id = stage.run(CLINGS_TO_LIFE)
    stage.kill(run_id)
    stage.await_end(run_id)
    stage.spawner.remove(run_id, grace=AT_ONCE)
    assert stage.processes(run_id) == []


def test_remove_is_harmless_when_repeated_and_when_there_is_nothing(stage: Stage) -> None:
    run_id = stage.run(ends())
    stage.await_end(run_id)
    for each in (run_id, run_id, str(uuid.uuid4())):
        stage.spawner.remove(each, grace=AT_ONCE)
    assert stage.spawner.inspect(run_id) == Gone()


def test_remove_by_two_servers_at_the_same_time_is_harmless(stage: Stage) -> None:
    run_id = stage.run(WAITS)
    spawners = itertools.cycle([stage.spawner, stage.anew()])
    at_the_same_time(lambda: next(spawners).remove(run_id, grace=AT_ONCE), times=4)
    stage.await_gone(run_id)
    assert stage.processes(run_id) == []


def test_nobody_has_stopped_what_runs_or_has_ended_by_itself(stage: Stage) -> None:
    running, ended = stage.run(WAITS), stage.run(ends())
    stage.await_end(ended)
    assert [stage.spawner.why_stopped(run_id) for run_id in (running, ended, str(uuid.uuid4()))] == [None] * 3


def test_remove_leaves_other_runs_alone(stage: Stage) -> None:
    removed, other = stage.run(WAITS), stage.run(WAITS)
    stage.spawner.remove(removed, grace=AT_ONCE)
    assert stage.spawner.list() == [other]
    assert stage.spawner.inspect(other) == Running()


def test_the_list_has_running_and_ended_containers(stage: Stage) -> None:
    running, ended = stage.run(WAITS), stage.run(ends())
    stage.await_end(ended)
    assert sorted(stage.spawner.list()) == sorted([running, ended])


def test_the_list_has_nothing_of_another_installation(stage: Stage) -> None:
    stage.run(WAITS)
    assert stage.elsewhere().list() == []


def test_after_a_restart_everything_is_found_again(stage: Stage) -> None:
    order = stage.order(WAITS)
    stage.spawner.spawn(order)
    stage.await_started(order.run_id)
    stage.await_output(order.run_id, "started")
    restarted = stage.anew()
    assert restarted.list() == [order.run_id]
    assert restarted.inspect(order.run_id) == Running()
    assert restarted.output(order.run_id, limit=10) == ["started"]
    restarted.spawn(order)
    assert stage.starts(order.run_id) == 1
    restarted.remove(order.run_id, grace=AT_ONCE)
    stage.await_gone(order.run_id)


def test_containers_live_on_when_the_spawner_is_closed(stage: Stage) -> None:
    run_id = stage.run(WAITS)
    stage.spawner.close()
    assert stage.anew().inspect(run_id) == Running()


@pytest.mark.parametrize("stage", KEEPERS, indirect=True)
def test_an_environment_outlives_the_run_that_built_it(stage: Stage) -> None:
    run_id = stage.run(WAITS, environment=stage.environment())
    assert is_running(stage.spawner.inspect(run_id))


def test_what_a_packaging_run_builds_stays_where_the_spawner_says_so(stage: Stage) -> None:
    environment = stage.environment()
    assert (environment in stage.spawner.environments()) is stage.spawner.keeps_environments


@pytest.mark.parametrize("stage", KEEPERS, indirect=True)
def test_a_discarded_environment_cannot_be_used_any_more(stage: Stage) -> None:
    environment = stage.environment()
    stage.spawner.discard(environment)
    with pytest.raises(EnvironmentNotFound):
        stage.spawner.spawn(stage.order(WAITS, environment=environment))


@pytest.mark.parametrize("stage", KUBERNETES, indirect=True)
def test_a_spawner_that_keeps_no_environments_has_none_and_asks_for_none(stage: Stage) -> None:
    assert not stage.spawner.keeps_environments
    built = stage.order(WAITS, command="package")
    stage.spawner.spawn(built)
    stage.await_packaged(built.run_id)
    order = stage.order(WAITS, environment=built.run_id)
    stage.spawner.spawn(order)
    assert isinstance(stage.spawner.inspect(order.run_id), Starting | Running | Exited)
    assert stage.spawner.environments() == []


def test_discarding_is_harmless_when_there_is_no_such_environment(stage: Stage) -> None:
    stage.spawner.discard(str(uuid.uuid4()))
    assert stage.spawner.list() == []


@pytest.mark.parametrize(
    ("stage", "storm", "told"),
    [
        pytest.param("docker", FORKS_WITHOUT_END, "refused", marks=pytest.mark.docker, id="docker-processes"),
        pytest.param("docker", STARTS_THREADS_WITHOUT_END, "refused", marks=pytest.mark.docker, id="docker-threads"),
        pytest.param("docker", OPENS_TEN_THOUSAND_FILES, "refused True", marks=pytest.mark.docker, id="docker-files"),
        pytest.param("process", OPENS_TEN_THOUSAND_FILES, "refused True", id="process-files"),
    ],
    indirect=["stage"],
)
def test_a_storm_in_one_container_hurts_no_neighbour(stage: Stage, storm: Workload, told: str) -> None:
    assert isinstance(stage, RealStage)
    before = stage.run(WAITS)
    raging = stage.run(storm)
    stage.protocol.run(raging).await_line(told, seconds=60)
    assert stage.await_end(stage.run(ends("well"))) == Exited(0)
    assert stage.spawner.inspect(before) == Running()
    stage.spawner.remove(raging, grace=AT_ONCE)
    assert stage.processes(raging) == []


@pytest.mark.parametrize("stage", ["process", DOCKER, *KUBERNETES], indirect=True)
def test_remove_asks_first_and_gives_the_program_its_grace(stage: Stage) -> None:
    run_id = stage.run(TIDIES_UP)
    stage.spawner.remove(run_id, grace=timedelta(seconds=5))
    assert isinstance(stage, RealStage)
    run = stage.protocol.run(run_id)
    assert run.lines == ["started", "tidied up"]
    assert run.end is not None
    assert run.end["reason"] == "evicted"
