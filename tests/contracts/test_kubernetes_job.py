"""The Job and the Secret of a run, as data, and against the schema that Kubernetes publishes."""

import dataclasses
import json
from typing import Any

import kubernetes_validate
import pytest
from macropod_server.domain.placement import Placement
from macropod_server.spawners.base import Flavor, Limits, Order
from macropod_server.spawners.kubernetes_job import Mould, job_of, secret_of

MIB = 1024**2
SERVED = "1.36"
RUN = "0f4cbb0e-1a59-4f3c-9f5e-0d0f6bb2a001"
MOULD = Mould("home", "macropod-runner:0.1.0", lambda: "http://server:8085")
ORDER = Order(
    run_id=RUN,
    task_id="task-1",
    workspace_id=7,
    command="run",
    token="secret-token",
    limits=Limits(memory_bytes=512 * MIB, cpus=1.5, pids=100),
    grace_seconds=20,
)
PLACED = Placement(
    node_selector={"pool": "gpu"},
    tolerations=({"key": "spot", "operator": "Exists", "effect": "NoSchedule"},),
    priority_class_name="low",
    runtime_class_name="gvisor",
    labels={"team": "dogs"},
    annotations={"karpenter.sh/do-not-disrupt": "true"},
    image_pull_secrets=("registry",),
)
ORDERS = {
    "plain": ORDER,
    "with an environment": dataclasses.replace(ORDER, environment="env-1"),
    "packaging": dataclasses.replace(ORDER, command="package", task_id=None, deadline_seconds=3010),
    "placed": dataclasses.replace(ORDER, placement=PLACED),
    "with gpus": dataclasses.replace(ORDER, limits=dataclasses.replace(ORDER.limits, gpus=2)),
}
JOB_OF_API = {"metadata": {"name": f"macropod-{RUN}", "uid": "uid-1"}}


def pod(order: Order, mould: Mould = MOULD) -> dict[str, Any]:
    spec: dict[str, Any] = job_of(order, mould)["spec"]["template"]["spec"]
    return spec


def container(order: Order, mould: Mould = MOULD) -> dict[str, Any]:
    (only,) = pod(order, mould)["containers"]
    found: dict[str, Any] = only
    return found


def mounts(order: Order) -> dict[str, str]:
    return {each["mountPath"]: each["name"] for each in container(order)["volumeMounts"]}


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_what_is_sent_is_what_kubernetes_takes(order: Order) -> None:
    kubernetes_validate.validate(job_of(order, MOULD), SERVED, strict=True)
    kubernetes_validate.validate(secret_of(order, JOB_OF_API, MOULD), SERVED, strict=True)


def test_a_job_is_named_by_its_run_and_runs_one_pod_once() -> None:
    job = job_of(ORDER, MOULD)
    assert job["metadata"]["name"] == f"macropod-{RUN}"
    spec = job["spec"]
    assert (spec["backoffLimit"], spec["completions"], spec["parallelism"]) == (0, 1, 1)
    assert spec["podReplacementPolicy"] == "Failed"
    assert pod(ORDER)["restartPolicy"] == "Never"


def test_job_pod_and_secret_say_whose_they_are() -> None:
    labels = {
        "macropod.installation": "home",
        "macropod.run": RUN,
        "macropod.task": "task-1",
        "macropod.workspace": "7",
    }
    job = job_of(ORDER, MOULD)
    assert job["metadata"]["labels"] == labels
    assert job["spec"]["template"]["metadata"]["labels"] == labels
    assert secret_of(ORDER, JOB_OF_API, MOULD)["metadata"]["labels"] == labels


def test_a_deadline_is_set_where_there_is_a_limit() -> None:
    assert "activeDeadlineSeconds" not in job_of(ORDER, MOULD)["spec"]
    limited = dataclasses.replace(ORDER, deadline_seconds=900)
    assert job_of(limited, MOULD)["spec"]["activeDeadlineSeconds"] == 900


def test_what_is_left_goes_by_itself_in_the_end() -> None:
    mould = dataclasses.replace(MOULD, ttl_seconds=600)
    assert job_of(ORDER, mould)["spec"]["ttlSecondsAfterFinished"] == 600


def test_a_pod_gives_the_program_its_grace_and_the_runner_time_to_tell() -> None:
    assert pod(ORDER)["terminationGracePeriodSeconds"] == 25


def test_the_token_is_in_a_secret_of_the_job_and_nowhere_else() -> None:
    assert "secret-token" not in json.dumps(job_of(ORDER, MOULD))
    secret = secret_of(ORDER, JOB_OF_API, MOULD)
    assert secret["stringData"] == {"token": "secret-token"}
    (owner,) = secret["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["uid"]) == ("Job", "uid-1")
    (told,) = [each for each in container(ORDER)["env"] if each["name"] == "MACROPOD_RUNNER_TOKEN"]
    assert told["valueFrom"] == {"secretKeyRef": {"name": f"macropod-{RUN}", "key": "token"}}


def test_a_pod_is_confined_as_pod_security_calls_restricted() -> None:
    spec, inside = pod(ORDER), container(ORDER)["securityContext"]
    assert spec["automountServiceAccountToken"] is False
    assert spec["enableServiceLinks"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] == 10_001
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert inside["allowPrivilegeEscalation"] is False
    assert inside["readOnlyRootFilesystem"] is True
    assert inside["capabilities"] == {"drop": ["ALL"]}
    assert not {"hostNetwork", "hostPID", "hostIPC", "hostUsers"} & set(spec)
    assert {kind for volume in spec["volumes"] for kind in volume} == {"name", "emptyDir"}


def test_memory_is_set_aside_in_full_and_of_cpu_the_part_that_was_said() -> None:
    assert container(ORDER)["resources"] == {
        "requests": {"cpu": "375m", "memory": str(512 * MIB)},
        "limits": {"cpu": "1500m", "memory": str(512 * MIB)},
    }
    in_full = container(ORDER, dataclasses.replace(MOULD, cpu_request_percent=100))["resources"]
    assert in_full["requests"] == in_full["limits"]
    assert container(ORDERS["with gpus"])["resources"]["limits"]["nvidia.com/gpu"] == "2"


def test_what_can_be_written_has_a_size() -> None:
    assert mounts(ORDER) == {"/home": "home", "/tmp": "temporary"}
    assert mounts(ORDERS["with an environment"])["/opt/macropod/environment"] == "environment"
    assert set(mounts(ORDERS["packaging"])) == {"/home", "/tmp", "/opt/macropod/environment", "/opt/macropod/cache"}
    assert all(volume["emptyDir"]["sizeLimit"] for volume in pod(ORDERS["packaging"])["volumes"])


def test_the_runner_makes_its_home_itself_so_that_it_owns_it() -> None:
    variables = {each["name"]: each.get("value") for each in container(ORDER)["env"]}
    assert (container(ORDER)["workingDir"], variables["MACROPOD_RUNNER_HOME"]) == ("/home", "/home/jovyan")
    assert variables["MACROPOD_RUNNER_URL"] == "http://server:8085"


def test_an_environment_is_below_its_volume_so_that_the_runner_owns_it_and_may_make_it_read_only() -> None:
    variables = {each["name"]: each.get("value") for each in container(ORDERS["with an environment"])["env"]}
    assert variables["MACROPOD_RUNNER_ENVIRONMENT"] == "/opt/macropod/environment/venv"
    bare = {each["name"]: each.get("value") for each in container(ORDER)["env"]}
    assert bare["MACROPOD_RUNNER_ENVIRONMENT"] == "/opt/macropod/bare"


def test_a_pod_goes_where_it_is_placed_and_its_own_labels_win() -> None:
    order = ORDERS["placed"]
    spec, metadata = pod(order), job_of(order, MOULD)["spec"]["template"]["metadata"]
    assert spec["nodeSelector"] == {"pool": "gpu"}
    assert spec["tolerations"] == [{"key": "spot", "operator": "Exists", "effect": "NoSchedule"}]
    assert (spec["priorityClassName"], spec["runtimeClassName"]) == ("low", "gvisor")
    assert spec["imagePullSecrets"] == [{"name": "registry"}]
    assert (metadata["labels"]["team"], metadata["labels"]["macropod.run"]) == ("dogs", RUN)
    assert metadata["annotations"] == {"karpenter.sh/do-not-disrupt": "true"}


def test_a_run_of_data_has_its_image_and_is_told_where_its_packages_are() -> None:
    mould = dataclasses.replace(MOULD, data_image="registry/data@sha256:bb")
    order = dataclasses.replace(ORDER, flavor=Flavor.DATA)
    made = container(order, mould)
    assert made["image"] == "registry/data@sha256:bb"
    assert container(dataclasses.replace(order, image="sha256:aa"), mould)["image"] == "registry/data@sha256:aa"
    assert {"name": "MACROPOD_RUNNER_DATA", "value": "/opt/macropod/data"} in made["env"]
    assert (mould.digest(Flavor.DATA), mould.digest(Flavor.PLAIN)) == ("sha256:bb", None)


def test_nothing_is_said_of_places_nobody_named() -> None:
    assert not {"nodeSelector", "tolerations", "priorityClassName", "imagePullSecrets"} & set(pod(ORDER))


@pytest.mark.parametrize(
    ("image", "pinned", "made_from"),
    [
        ("macropod-runner:0.1.0", None, "macropod-runner:0.1.0"),
        ("macropod-runner:0.1.0", "sha256:aa", "macropod-runner:0.1.0"),
        ("registry/runner@sha256:bb", None, "registry/runner@sha256:bb"),
        ("registry/runner@sha256:bb", "sha256:aa", "registry/runner@sha256:aa"),
    ],
)
def test_a_run_keeps_the_digest_it_was_claimed_with(image: str, pinned: str | None, made_from: str) -> None:
    order = dataclasses.replace(ORDER, image=pinned)
    assert container(order, dataclasses.replace(MOULD, image=image))["image"] == made_from
