"""Two watches tell of all runs: dropped ones are taken up again, too old ones begin anew, and nobody asks per run."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from macropod_server.spawners.base import Gone, Running, SpawnerUnavailable
from macropod_server.spawners.kubernetes_job import job_of

from tests.contracts.kubernetes_stages import DoubleStage, kubernetes_stage
from tests.contracts.spawner_stages import AT_ONCE
from tests.contracts.spawner_workloads import WAITS, ends


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[DoubleStage]:
    yield from kubernetes_stage(tmp_path)


def asked(stage: DoubleStage, verb: str) -> list[str]:
    return [each.kind for each in stage.double.api.asked if each.verb == verb]


def await_watches(stage: DoubleStage, *, count: int) -> None:
    stage.await_sighting(str(uuid.uuid4()), lambda _: asked(stage, "watch").count("pods") >= count)


def look_until_gone(stage: DoubleStage, run_id: str) -> None:
    while stage.spawner.inspect(run_id) != Gone():
        pass


def test_looking_at_many_runs_asks_for_none_of_them(stage: DoubleStage) -> None:
    runs = [stage.run(WAITS) for _ in range(3)]
    stage.double.api.asked.clear()
    for _ in range(50):
        assert [stage.spawner.inspect(run_id) for run_id in runs] == [Running()] * 3
        stage.spawner.list()
    assert [each for each in stage.double.api.asked if each.verb != "watch"] == []


def test_a_dropped_watch_is_taken_up_where_it_was(stage: DoubleStage) -> None:
    run_id = stage.run(ends())
    stage.double.api.asked.clear()
    stage.double.api.drop_watches()
    another = stage.run(ends())
    assert stage.await_end(run_id) == stage.await_end(another)
    assert "pods" in asked(stage, "watch")
    assert [kind for kind in asked(stage, "list") if kind == "jobs"] == []


def test_what_happened_too_long_ago_is_listed_again(stage: DoubleStage) -> None:
    run_id = stage.run(WAITS)
    stage.double.api.asked.clear()
    with stage.double.store.changed:
        stage.double.api.bad_day.is_away = True
        stage.double.api.drop_watches()
    stage.double.kill(run_id)
    while stage.double.pod(run_id)["status"]["phase"] == "Running":
        pass
    stage.double.store.compact()
    stage.double.api.heal()
    assert stage.await_end(run_id).exit_code == -9
    assert "pods" in asked(stage, "list")


def test_an_api_that_is_away_is_never_taken_for_runs_that_are_gone(stage: DoubleStage) -> None:
    run_id = stage.run(WAITS)
    with stage.double.store.changed:
        stage.double.api.bad_day.is_away = True
        stage.double.api.drop_watches()
    for each in (run_id, str(uuid.uuid4())):
        with pytest.raises(SpawnerUnavailable):
            look_until_gone(stage, each)
    with pytest.raises(SpawnerUnavailable):
        stage.spawner.remove(run_id, grace=AT_ONCE)
    stage.double.api.heal()
    assert stage.spawner.inspect(run_id) == Running()
    assert stage.spawner.list() == [run_id]


def test_without_watches_lists_still_tell_the_truth(stage: DoubleStage) -> None:
    stage.double.api.bad_day.refuses_watches = True
    stage.double.api.drop_watches()
    spawner = stage.anew()
    order = stage.order(ends())
    spawner.spawn(order)
    stage.protocol.run(order.run_id).await_line("started")
    stage.await_end(order.run_id)
    spawner.remove(order.run_id, grace=AT_ONCE)
    assert (spawner.inspect(order.run_id), spawner.list()) == (Gone(), [])


def test_what_another_server_made_a_moment_ago_is_not_gone(stage: DoubleStage) -> None:
    restarted = stage.anew()
    assert restarted.list() == []
    for _ in range(10):
        order = stage.order(ends())
        stage.spawner.spawn(order)
        assert restarted.inspect(order.run_id) != Gone()


def test_what_is_removed_does_not_come_back(stage: DoubleStage) -> None:
    for _ in range(5):
        order = stage.order(ends())
        stage.spawner.spawn(order)
        stage.spawner.remove(order.run_id, grace=AT_ONCE)
        assert (stage.spawner.inspect(order.run_id), stage.spawner.list()) == (Gone(), [])


def test_more_than_a_page_is_found_after_a_restart(stage: DoubleStage) -> None:
    finished = {"conditions": [{"type": "Complete", "status": "True"}]}
    orders = [stage.order(WAITS) for _ in range(501)]
    for order in orders:
        stage.double.store.create("jobs", job_of(order, stage.mould) | {"status": finished})
    assert stage.anew().list() == sorted(order.run_id for order in orders)
    for order in orders:
        stage.double.store.delete("jobs", f"macropod-{order.run_id}")


def test_a_server_that_closes_lets_go_of_its_watches(stage: DoubleStage) -> None:
    spawner = stage.anew()
    spawner.list()
    await_watches(stage, count=1)
    spawner.close()
    with pytest.raises(SpawnerUnavailable):
        spawner.list()
