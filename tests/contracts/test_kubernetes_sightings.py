"""What a Job and its pods say of a run: each end, and each hindrance, has its reason and its sentence."""

from typing import Any

import pytest
from macropod_server.domain.run import STATUS_OF, Reason, RunStatus
from macropod_server.spawners.base import Exited, Gone, Running, Sighting, Starting
from macropod_server.spawners.kubernetes_sightings import interference, misses_its_secret, no_pod, sighting

JOB: dict[str, Any] = {"metadata": {"name": "macropod-1", "uid": "job-1"}, "status": {"active": 1}}


def job(kind: str, reason: str = "") -> dict[str, Any]:
    return {**JOB, "status": {"conditions": [{"type": kind, "status": "True", "reason": reason}]}}


def pod(state: dict[str, Any] | None = None, *, memory: str = "4294967296", **status: Any) -> dict[str, Any]:
    statuses = [{"name": "run", "state": state}] if state else []
    return {
        "metadata": {"name": "macropod-1-abcde", "uid": "pod-1", "creationTimestamp": "2026-03-02T12:00:00Z"},
        "spec": {"nodeName": "node-7", "containers": [{"name": "run", "resources": {"limits": {"memory": memory}}}]},
        "status": {"phase": "Running", "containerStatuses": statuses, **status},
    }


def ended(code: int, reason: str = "Error", message: str = "") -> dict[str, Any]:
    return {"terminated": {"exitCode": code, "reason": reason, "message": message}}


def waits(reason: str, message: str = "") -> dict[str, Any]:
    return {"waiting": {"reason": reason, "message": message}}


def disrupted(reason: str, message: str = "") -> list[dict[str, Any]]:
    return [{"type": "DisruptionTarget", "status": "True", "reason": reason, "message": message}]


def unscheduled(message: str) -> list[dict[str, Any]]:
    return [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}]


RUNS = {"running": {"startedAt": "2026-03-02T12:00:01Z"}}


@pytest.mark.parametrize(
    ("of_job", "pods", "seen"),
    [
        (None, [], Gone()),
        (JOB, [], Starting()),
        (JOB, [pod(waits("ContainerCreating"), phase="Pending")], Starting()),
        (JOB, [pod(phase="Pending")], Starting()),
        (JOB, [pod(RUNS)], Running()),
        (None, [pod(RUNS)], Running()),
        (JOB, [pod(ended(0, "Completed"), phase="Succeeded")], Exited(0)),
        (JOB, [pod(ended(3), phase="Failed")], Exited(3)),
        (JOB, [pod(ended(137), phase="Failed")], Exited(-9)),
        (job("Complete"), [], Exited(0)),
    ],
)
def test_a_job_and_its_pods_say_where_a_run_is(of_job: Any, pods: list[Any], seen: Sighting) -> None:
    assert sighting(of_job, pods) == seen


def test_what_a_cluster_puts_beside_the_runner_says_nothing_about_it() -> None:
    both = pod(RUNS)
    both["status"]["containerStatuses"].insert(0, {"name": "proxy", "state": ended(1)})
    assert sighting(JOB, [both]) == Running()


def test_the_newest_pod_counts() -> None:
    older = pod(ended(1), phase="Failed")
    older["metadata"]["creationTimestamp"] = "2026-03-02T11:00:00Z"
    assert sighting(JOB, [pod(RUNS), older]) == Running()


REMOVED = "The pod of the run was removed from outside, before the run had ended by itself."
READY = [{"type": "Ready", "status": "True"}]


def leaving(state: dict[str, Any], **status: Any) -> dict[str, Any]:
    found = pod(state, **status)
    found["metadata"]["deletionTimestamp"] = "2026-03-02T12:00:30Z"
    return found


def test_a_container_that_was_not_found_any_more_has_no_exit_code() -> None:
    assert sighting(JOB, [pod(ended(137, "ContainerStatusUnknown"))]) == Exited(None)


@pytest.mark.parametrize("code", [0, 143])
def test_a_container_that_ended_in_another_way_was_not_out_of_memory(code: int) -> None:
    seen = sighting(JOB, [pod(ended(code, "OOMKilled"))])
    assert isinstance(seen, Exited)
    assert (seen.out_of_memory, seen.trouble) == (False, None)


def test_what_ended_by_itself_before_it_was_removed_keeps_its_code() -> None:
    assert sighting(JOB, [leaving(ended(3))]) == Exited(3)


def test_a_taint_on_a_node_that_lives_does_not_make_it_lost() -> None:
    driven = disrupted("DeletionByTaintManager", "Taint manager: deleting")
    assert sighting(JOB, [pod(RUNS, conditions=[*driven, *READY])]) == Running()


INTERFERENCES: dict[str, tuple[dict[str, Any], Reason | None]] = {
    "nobody": (pod(RUNS), None),
    "by hand": (leaving(RUNS), Reason.VANISHED),
    "to make room": (leaving(RUNS, conditions=disrupted("PreemptionByScheduler", "preempting")), Reason.PREEMPTED),
    "its node is drained": (leaving(RUNS, conditions=disrupted("EvictionByEvictionAPI", "evicting")), Reason.EVICTED),
    "its node is gone": (leaving(RUNS, conditions=disrupted("DeletionByPodGC", "no node")), Reason.NODE_LOST),
}


@pytest.mark.parametrize(("of_pod", "reason"), INTERFERENCES.values(), ids=INTERFERENCES)
def test_who_ends_a_pod_that_still_runs_is_told(of_pod: Any, reason: Reason | None) -> None:
    told = interference(of_pod)
    assert (told.reason if told else None) == reason


ENDS: dict[str, tuple[Any, list[Any], Reason, str]] = {
    "out of memory": (
        JOB,
        [pod(ended(137, "OOMKilled"), phase="Failed")],
        Reason.OUT_OF_MEMORY,
        "The container needed more memory than its limit of 4 GiB and was ended by the system.",
    ),
    "out of memory, the limit in Kubernetes' words": (
        JOB,
        [pod(ended(137, "OOMKilled"), memory="512Mi")],
        Reason.OUT_OF_MEMORY,
        "The container needed more memory than its limit of 512 MiB and was ended by the system.",
    ),
    "evicted": (
        JOB,
        [
            pod(
                ended(137),
                phase="Failed",
                reason="Evicted",
                message="The node was low on resource: ephemeral-storage",
                conditions=disrupted("TerminationByKubelet", "The node was low on resource: ephemeral-storage"),
            )
        ],
        Reason.EVICTED,
        "Kubernetes evicted the run from its node: The node was low on resource: ephemeral-storage.",
    ),
    "evicted before it began": (
        JOB,
        [pod(phase="Failed", reason="Evicted", message="The node had condition: [DiskPressure].")],
        Reason.EVICTED,
        "Kubernetes evicted the run from its node: The node had condition: [DiskPressure].",
    ),
    "drained": (
        JOB,
        [pod(ended(143), phase="Failed", conditions=disrupted("EvictionByEvictionAPI", "Eviction API: evicting"))],
        Reason.EVICTED,
        "Kubernetes evicted the run from its node: Eviction API: evicting.",
    ),
    "pre-empted": (
        JOB,
        [pod(ended(143), phase="Failed", conditions=disrupted("PreemptionByScheduler", "preempting to accommodate"))],
        Reason.PREEMPTED,
        "Kubernetes ended the run to make room for one that goes first: preempting to accommodate.",
    ),
    "node lost, the pod says it runs": (
        JOB,
        [pod(RUNS, conditions=disrupted("DeletionByTaintManager", "Taint manager: deleting"))],
        Reason.NODE_LOST,
        "The node the run was on (node-7) is lost; nobody knows how the run ended.",
    ),
    "node gone": (
        JOB,
        [pod(RUNS, phase="Failed", conditions=disrupted("DeletionByPodGC", "PodGC: node no longer exists"))],
        Reason.NODE_LOST,
        "The node the run was on (node-7) is lost; nobody knows how the run ended.",
    ),
    "refused by its node": (
        JOB,
        [pod(phase="Failed", reason="OutOfcpu", message="Node didn't have enough resource: cpu")],
        Reason.COULD_NOT_START,
        "The node did not take the pod: Node didn't have enough resource: cpu.",
    ),
    "never began": (
        JOB,
        [pod(ended(128, "StartError", "exec: python3: not found"), phase="Failed")],
        Reason.COULD_NOT_START,
        "The container does not start: exec: python3: not found.",
    ),
    "past its deadline": (
        job("Failed", "DeadlineExceeded"),
        [],
        Reason.TIME_LIMIT,
        "The container was there for longer than its limits allow, and Kubernetes ended it.",
    ),
    "pod removed by hand": (
        job("Failed", "BackoffLimitExceeded"),
        [],
        Reason.VANISHED,
        REMOVED,
    ),
    "pod removed by hand, seen while it goes": (JOB, [leaving(ended(137))], Reason.VANISHED, REMOVED),
    "removed and not found any more by its node": (
        JOB,
        [leaving(ended(137, "ContainerStatusUnknown"))],
        Reason.VANISHED,
        REMOVED,
    ),
    "past its deadline, seen while it goes": (
        job("FailureTarget", "DeadlineExceeded"),
        [leaving(ended(137))],
        Reason.TIME_LIMIT,
        "The container was there for longer than its limits allow, and Kubernetes ended it.",
    ),
    "driven off a node that lives": (
        JOB,
        [pod(ended(143), conditions=[*disrupted("DeletionByTaintManager", "Taint manager: deleting"), *READY])],
        Reason.EVICTED,
        "Kubernetes evicted the run from its node: Taint manager: deleting.",
    ),
    "pod taken away, nobody saw why": (
        job("Failed", "PodFailurePolicy"),
        [],
        Reason.EVICTED,
        "Kubernetes took the pod of the run away: evicted, or to make room, or with its node.",
    ),
}


@pytest.mark.parametrize(("of_job", "pods", "reason", "sentence"), ENDS.values(), ids=ENDS)
def test_each_end_has_its_reason(of_job: Any, pods: list[Any], reason: Reason, sentence: str) -> None:
    seen = sighting(of_job, pods)
    assert isinstance(seen, Exited)
    assert seen.trouble is not None
    assert (seen.trouble.reason, seen.trouble.message) == (reason, sentence)
    assert seen.out_of_memory == (reason is Reason.OUT_OF_MEMORY)
    assert STATUS_OF[reason] is not RunStatus.SUCCESS


def test_a_pod_that_was_seen_to_go_still_says_why() -> None:
    departed = pod(ended(143), phase="Failed", conditions=disrupted("PreemptionByScheduler", "preempting"))
    seen = sighting(job("Failed", "PodFailurePolicy"), [], departed)
    assert isinstance(seen, Exited)
    assert seen.trouble is not None
    assert (seen.exit_code, seen.trouble.reason) == (-15, Reason.PREEMPTED)


HINDRANCES: dict[str, tuple[dict[str, Any], Reason, str, bool]] = {
    "image not pulled": (
        pod(waits("ImagePullBackOff", 'Back-off pulling image "runner:2"'), phase="Pending"),
        Reason.IMAGE_NOT_FOUND,
        'The image of the run cannot be had (ImagePullBackOff): Back-off pulling image "runner:2".',
        False,
    ),
    "image name no name": (
        pod(waits("InvalidImageName", "couldn't parse image name"), phase="Pending"),
        Reason.IMAGE_NOT_FOUND,
        "The image of the run cannot be had (InvalidImageName): couldn't parse image name.",
        True,
    ),
    "image not on the node": (
        pod(waits("ErrImageNeverPull", "Container image is not present with pull policy of Never"), phase="Pending"),
        Reason.IMAGE_NOT_FOUND,
        "The image of the run cannot be had (ErrImageNeverPull): Container image is not present with pull policy of "
        "Never.",
        True,
    ),
    "no room": (
        pod(phase="Pending", conditions=unscheduled("0/3 nodes are available: 3 Insufficient nvidia.com/gpu.")),
        Reason.UNSCHEDULABLE,
        "Kubernetes finds no node for it: 0/3 nodes are available: 3 Insufficient nvidia.com/gpu.",
        False,
    ),
    "no Secret": (
        pod(waits("CreateContainerConfigError", 'secret "macropod-1" not found'), phase="Pending"),
        Reason.COULD_NOT_START,
        'Its container cannot be made (CreateContainerConfigError): secret "macropod-1" not found.',
        False,
    ),
}


@pytest.mark.parametrize(("of_pod", "reason", "sentence", "is_final"), HINDRANCES.values(), ids=HINDRANCES)
def test_what_keeps_a_pod_from_starting_is_told(of_pod: Any, reason: Reason, sentence: str, is_final: bool) -> None:
    seen = sighting(JOB, [of_pod])
    assert isinstance(seen, Starting)
    assert seen.trouble is not None
    assert (seen.trouble.reason, seen.trouble.message, seen.trouble.is_final) == (reason, sentence, is_final)


def test_a_job_somebody_suspended_says_so() -> None:
    seen = sighting(job("Suspended"), [])
    assert isinstance(seen, Starting)
    assert seen.trouble is not None
    assert seen.trouble.message == "Its Job was suspended from outside."


def test_a_job_without_a_pod_is_told_by_its_controller() -> None:
    quota = no_pod('Error creating: pods "macropod-1-x" is forbidden: exceeded quota: small, used: pods=5')
    assert quota.reason is Reason.QUOTA_EXCEEDED
    assert quota.message.endswith("exceeded quota: small, used: pods=5.")
    assert no_pod('Error creating: pods "x" is forbidden: violates PodSecurity').reason is Reason.COULD_NOT_START
    assert no_pod(None).message == "Kubernetes has not made its pod yet and does not say why."


def test_only_a_pod_that_cannot_be_configured_may_miss_its_secret() -> None:
    assert misses_its_secret([pod(waits("CreateContainerConfigError"))])
    assert not misses_its_secret([pod(waits("ContainerCreating")), pod(RUNS)])
