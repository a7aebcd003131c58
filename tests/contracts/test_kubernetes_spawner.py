"""What only the Kubernetes spawner promises: halves are completed, each fault has its answer, nothing is left."""

import threading
import time
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from macropod_server.domain.run import Reason
from macropod_server.spawners.base import (
    CouldNotStart,
    Exited,
    Gone,
    NoRoom,
    Order,
    Running,
    Sighting,
    SpawnerUnavailable,
    Starting,
)
from macropod_server.spawners.kubernetes import Connection, NoCluster
from macropod_server.spawners.kubernetes_job import job_name, job_of

from tests.contracts.kubernetes_stages import DoubleStage, kubernetes_stage
from tests.contracts.spawner_stages import AT_ONCE
from tests.contracts.spawner_workloads import CLINGS_TO_LIFE, OUTLIVES_ITS_RUNNER, WAITS, ends
from tests.kubernetes_double.api_server import Asked
from tests.kubernetes_double.cluster import write_kubeconfig
from tests.kubernetes_double.store import Refusal

QUOTA = 'jobs.batch "x" is forbidden: exceeded quota: few, requested: count/jobs.batch=1, limited: count/jobs.batch=0'


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[DoubleStage]:
    yield from kubernetes_stage(tmp_path)


def refuse(stage: DoubleStage, verb: str, kind: str, refusal: Refusal, *, times: int = 1) -> None:
    def matches(asked: Asked) -> bool:
        return (asked.verb, asked.kind) == (verb, kind)

    stage.double.api.bad_day.refusals += [(matches, refusal)] * times


def left(stage: DoubleStage) -> list[str]:
    """Names of all the cluster has but events."""
    store = stage.double.store
    return [each["metadata"]["name"] for kind in ("jobs", "secrets", "pods") for each in store.select(kind)]


def trouble(seen: Sighting) -> tuple[Reason, str]:
    assert isinstance(seen, Starting | Exited)
    assert seen.trouble is not None
    return seen.trouble.reason, seen.trouble.message


def await_trouble(stage: DoubleStage, run_id: str, reason: Reason) -> Sighting:
    def has_trouble(seen: Sighting) -> bool:
        found = getattr(seen, "trouble", None)
        return found is not None and found.reason is reason

    return stage.await_sighting(run_id, has_trouble)


def spawned(stage: DoubleStage) -> Order:
    order = stage.order(WAITS)
    stage.spawner.spawn(order)
    return order


def test_a_job_without_its_secret_is_completed_by_the_next_spawn(stage: DoubleStage) -> None:
    order = stage.order(WAITS)
    stage.double.store.create("jobs", job_of(order, stage.mould))
    assert trouble(await_trouble(stage, order.run_id, Reason.COULD_NOT_START))[1].endswith("not found.")
    stage.anew().spawn(order)
    stage.await_started(order.run_id)
    assert stage.starts(order.run_id) == 1


def test_a_secret_taken_away_before_it_was_read_is_made_again(stage: DoubleStage) -> None:
    stage.double.controllers.shortage.unschedulable = "0/1 nodes are available."
    order = spawned(stage)
    stage.double.store.delete("secrets", job_name(order.run_id))
    stage.double.controllers.shortage.unschedulable = None
    await_trouble(stage, order.run_id, Reason.COULD_NOT_START)
    stage.spawner.spawn(order)
    stage.await_started(order.run_id)


def test_spawning_again_what_is_on_its_way_asks_for_nothing(stage: DoubleStage) -> None:
    stage.double.controllers.shortage.unschedulable = "0/1 nodes are available."
    order = spawned(stage)
    await_trouble(stage, order.run_id, Reason.UNSCHEDULABLE)
    stage.double.api.asked.clear()
    for _ in range(20):
        stage.spawner.spawn(order)
        stage.spawner.inspect(order.run_id)
    assert [each for each in stage.double.api.asked if each.verb != "watch"] == []


def test_an_answer_lost_on_its_way_finds_the_job_that_was_made(stage: DoubleStage) -> None:
    order = stage.order(WAITS)
    refuse(stage, "create", "secrets", Refusal(503, "ServiceUnavailable", "the server is shutting down"))
    with pytest.raises(SpawnerUnavailable):
        stage.spawner.spawn(order)
    stage.anew().spawn(order)
    stage.await_started(order.run_id)
    assert (stage.starts(order.run_id), stage.spawner.list()) == (1, [order.run_id])


def test_the_secret_goes_with_its_job_whoever_removes_that(stage: DoubleStage) -> None:
    order = spawned(stage)
    stage.await_started(order.run_id)
    stage.double.store.delete("jobs", job_name(order.run_id))
    stage.await_gone(order.run_id)
    assert left(stage) == []


@pytest.mark.parametrize(
    "refusal",
    [
        Refusal(429, "TooManyRequests", "too many requests", retry_after=0),
        Refusal(409, "Conflict", "Operation cannot be fulfilled on resourcequotas: please apply your changes"),
    ],
)
def test_what_is_asked_too_often_is_asked_again_later(stage: DoubleStage, refusal: Refusal) -> None:
    refuse(stage, "create", "jobs", refusal, times=2)
    stage.await_started(spawned(stage).run_id)


def test_an_api_that_has_too_much_to_do_for_long_is_away(stage: DoubleStage) -> None:
    refuse(stage, "create", "jobs", Refusal(429, "TooManyRequests", "too many requests", retry_after=0), times=9)
    with pytest.raises(SpawnerUnavailable, match="too many requests"):
        spawned(stage)


@pytest.mark.parametrize("kind", ["jobs", "secrets"])
def test_a_quota_leaves_nothing_and_may_have_room_later(stage: DoubleStage, kind: str) -> None:
    refuse(stage, "create", kind, Refusal(403, "Forbidden", QUOTA, name="x"))
    with pytest.raises(NoRoom, match="exceeded quota: few"):
        spawned(stage)
    assert left(stage) == []


@pytest.mark.parametrize("kind", ["jobs", "secrets"])
@pytest.mark.parametrize(
    "refusal",
    [
        Refusal(403, "Forbidden", 'pods "x" is forbidden: violates PodSecurity "restricted:latest"', name="x"),
        Refusal(403, "Forbidden", 'admission webhook "policy" denied the request: no such image'),
        Refusal(400, "BadRequest", 'admission webhook "policy" denied the request without explanation'),
    ],
    ids=["plug-in", "webhook", "silent webhook"],
)
def test_what_admission_refuses_cannot_start_and_leaves_nothing(
    stage: DoubleStage, kind: str, refusal: Refusal
) -> None:
    refuse(stage, "create", kind, refusal)
    with pytest.raises(CouldNotStart, match=r"PodSecurity|denied the request"):
        spawned(stage)
    assert left(stage) == []


@pytest.mark.parametrize("changes", [{"task_id": "no label!"}, {"task_id": "x" * 64}])
def test_an_order_kubernetes_finds_invalid_cannot_start_and_leaves_nothing(
    stage: DoubleStage, changes: dict[str, str]
) -> None:
    order = stage.order(WAITS, **changes)
    with pytest.raises(CouldNotStart, match="is invalid"):
        stage.spawner.spawn(order)
    assert (left(stage), stage.spawner.inspect(order.run_id)) == ([], Gone())


@pytest.mark.parametrize("verb", ["create", "delete"])
def test_a_right_that_is_missing_is_no_fault_of_the_run(stage: DoubleStage, verb: str) -> None:
    stage.double.api.bad_day.forbidden = {(verb, "jobs")}
    with pytest.raises(SpawnerUnavailable, match=f'cannot {verb} resource "jobs"'):
        spawned(stage) if verb == "create" else stage.spawner.remove(str(uuid.uuid4()), grace=AT_ONCE)


def test_credentials_that_are_not_taken_are_no_fault_of_the_run(stage: DoubleStage, tmp_path: Path) -> None:
    wrong = write_kubeconfig(tmp_path / "wrong", stage.double.api.url, token="another-token")
    stranger = stage.make(stage.mould.installation_id, kubeconfig=str(wrong))
    for call in (lambda: stranger.spawn(stage.order(WAITS)), stranger.list):
        with pytest.raises(SpawnerUnavailable, match="Unauthorized"):
            call()


def test_the_job_of_another_installation_is_not_taken_for_ours(stage: DoubleStage) -> None:
    order = stage.order(WAITS)
    stage.elsewhere().spawn(order)
    with pytest.raises(CouldNotStart, match="another installation"):
        stage.spawner.spawn(order)
    assert stage.spawner.inspect(order.run_id) == Gone()


def test_a_run_out_of_memory_says_so_with_its_limit(stage: DoubleStage) -> None:
    run_id = stage.run(WAITS)
    stage.double.run_out_of_memory(run_id)
    seen = stage.await_end(run_id)
    assert (seen.exit_code, seen.out_of_memory) == (-9, True)
    assert "its limit of 256 MiB" in trouble(seen)[1]


def test_an_evicted_run_says_what_its_node_was_short_of(stage: DoubleStage) -> None:
    run_id = stage.run(WAITS)
    stage.double.evict(run_id, "The node was low on resource: memory.")
    told = (Reason.EVICTED, "Kubernetes evicted the run from its node: The node was low on resource: memory.")
    assert trouble(stage.await_end(run_id)) == told


def test_a_run_that_made_room_says_so_after_its_pod_is_gone(stage: DoubleStage) -> None:
    run_id = stage.run(WAITS)
    stage.double.take_away(run_id, "PreemptionByScheduler", "preempting to accommodate a higher priority pod")
    stage.double.kill(run_id)
    await_trouble(stage, run_id, Reason.PREEMPTED)
    stage.await_sighting(run_id, lambda _: stage.double.store.select("pods") == [])
    await_trouble(stage, run_id, Reason.PREEMPTED)
    assert trouble(stage.anew().inspect(run_id))[0] is Reason.EVICTED


def test_a_pod_deleted_by_hand_is_lost_and_its_run_is_not_started_again(stage: DoubleStage) -> None:
    order = spawned(stage)
    stage.await_started(order.run_id)
    stage.double.delete_pod_by_hand(order.run_id)
    await_trouble(stage, order.run_id, Reason.VANISHED)
    stage.spawner.spawn(order)
    assert (stage.starts(order.run_id), stage.spawner.list()) == (1, [order.run_id])
    stage.spawner.remove(order.run_id, grace=AT_ONCE)
    assert left(stage) == []


def test_who_ends_a_pod_is_known_while_its_program_is_at_its_grace(stage: DoubleStage) -> None:
    run_id = stage.run(CLINGS_TO_LIFE, grace_seconds=3)
    stage.double.take_away(run_id, "PreemptionByScheduler", "preempting to accommodate a higher priority pod")
    told = stage.spawner.why_stopped(run_id)
    assert told is not None
    assert told.reason is Reason.PREEMPTED


def test_a_lost_node_is_told_and_its_pod_is_removed_without_it(stage: DoubleStage) -> None:
    run_id = stage.run(WAITS)
    stage.double.lose_node(run_id)
    await_trouble(stage, run_id, Reason.NODE_LOST)
    stage.double.api.asked.clear()
    assert stage.spawner.output(run_id, limit=10) == []
    assert [each for each in stage.double.api.asked if each.kind == "pods/log"] == []
    began = time.monotonic()
    stage.spawner.remove(run_id, grace=AT_ONCE)
    assert time.monotonic() - began < 6
    assert (left(stage), stage.spawner.inspect(run_id)) == ([], Gone())


def test_an_image_that_cannot_be_had_is_told_in_the_words_of_the_node(stage: DoubleStage) -> None:
    stage.double.kubelet.image_trouble = ("ImagePullBackOff", 'Back-off pulling image "runner:2"')
    order = spawned(stage)
    seen = await_trouble(stage, order.run_id, Reason.IMAGE_NOT_FOUND)
    assert 'Back-off pulling image "runner:2"' in trouble(seen)[1]


def test_a_pod_no_node_has_room_for_says_what_the_scheduler_says_until_there_is(stage: DoubleStage) -> None:
    stage.double.controllers.shortage.unschedulable = "0/1 nodes are available: 1 Insufficient cpu."
    order = spawned(stage)
    seen = await_trouble(stage, order.run_id, Reason.UNSCHEDULABLE)
    assert trouble(seen)[1] == "Kubernetes finds no node for it: 0/1 nodes are available: 1 Insufficient cpu."
    stage.double.controllers.shortage.unschedulable = None
    stage.await_started(order.run_id)


def test_a_pod_that_is_not_made_is_told_by_the_event_of_its_job(stage: DoubleStage) -> None:
    stage.double.controllers.shortage.pod_refusal = 'pods "x" is forbidden: exceeded quota: few, limited: pods=0'
    order = spawned(stage)
    events = stage.double.store
    stage.await_sighting(order.run_id, lambda _: events.select("events") != [])
    seen = stage.anew().inspect(order.run_id)
    assert trouble(seen)[0] is Reason.QUOTA_EXCEEDED
    assert "exceeded quota: few" in trouble(seen)[1]


def test_without_the_right_to_read_events_a_missing_pod_has_no_explanation(stage: DoubleStage) -> None:
    stage.double.controllers.shortage.pod_refusal = "quota"
    stage.double.api.bad_day.forbidden = {("list", "events")}
    order = spawned(stage)
    assert "does not say why" in trouble(stage.spawner.inspect(order.run_id))[1]


def test_a_runner_that_hangs_is_ended_at_the_deadline(stage: DoubleStage) -> None:
    order = stage.order(WAITS, deadline_seconds=2)
    stage.spawner.spawn(order)
    stage.await_started(order.run_id)
    stage.stop_in_its_tracks(order.run_id)
    assert stage.spawner.inspect(order.run_id) == Running()
    await_trouble(stage, order.run_id, Reason.TIME_LIMIT)


def test_a_program_that_ignores_everything_is_gone_within_grace_and_five_seconds(stage: DoubleStage) -> None:
    run_id = stage.run(OUTLIVES_ITS_RUNNER)
    stage.stop_in_its_tracks(run_id)
    began = time.monotonic()
    stage.spawner.remove(run_id, grace=timedelta(seconds=1))
    assert time.monotonic() - began < 6
    assert (left(stage), stage.processes(run_id)) == ([], [])


def test_removal_waits_for_a_job_that_somebody_holds(stage: DoubleStage) -> None:
    run_id = stage.run(ends())
    stage.await_end(run_id)
    name, store = job_name(run_id), stage.double.store
    store.update("jobs", name, lambda job: job["metadata"].update(finalizers=["example.com/held"]))

    def release() -> None:
        store.update("jobs", name, lambda job: job["metadata"].update(finalizers=[]))
        store.delete("jobs", name)

    threading.Timer(0.3, release).start()
    stage.spawner.remove(run_id, grace=AT_ONCE)
    assert (left(stage), stage.spawner.list()) == ([], [])


def test_a_log_the_node_does_not_hand_out_holds_nobody_up(stage: DoubleStage) -> None:
    run_id = stage.run(ends("one"))
    stage.await_end(run_id)
    refuse(stage, "get", "pods/log", Refusal(500, "InternalError", "dial tcp 10.0.0.7:10250: i/o timeout"))
    assert stage.spawner.output(run_id, limit=1) == ["one"]
    stage.double.api.bad_day.forbidden = {("get", "pods/log")}
    assert stage.spawner.output(run_id, limit=1) == []


def test_processes_cannot_be_bounded_and_nodes_are_not_asked_about(stage: DoubleStage) -> None:
    capacity = stage.spawner.capacity()
    assert (capacity.pids, capacity.gpus) == (0, None)
    assert {each.kind for each in stage.double.api.asked} <= {"jobs", "pods"}


def test_the_namespace_is_that_of_the_credentials_and_no_way_is_said(tmp_path: Path) -> None:
    config = write_kubeconfig(tmp_path / "config", "http://127.0.0.1:1")
    assert Connection("", {"KUBECONFIG": str(config)}).namespace == "runs"
    with pytest.raises(NoCluster, match="there is no kubeconfig"):
        Connection(str(tmp_path / "nowhere"), {})
    (tmp_path / "broken").write_text("clusters: 3")
    with pytest.raises(NoCluster, match="There is no way to a Kubernetes cluster"):
        Connection(str(tmp_path / "broken"), {})
