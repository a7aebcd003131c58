"""A run as Kubernetes wants it: a Job, and the Secret with its token. The one place that says what a pod may do."""

from dataclasses import dataclass
from typing import Any

from macropod_server.domain.placement import Placement
from macropod_server.spawners.base import Flavor, Order
from macropod_server.spawners.runner_environ import RunnerPaths, RunnerUrl, runner_environ

INSTALLATION_LABEL = "macropod.installation"
RUN_LABEL = "macropod.run"
TASK_LABEL = "macropod.task"
WORKSPACE_LABEL = "macropod.workspace"
CONTAINER = "run"

_USER = 10_001
_HOMES, _HOME, _SPOOL = "/home", "/home/jovyan", "/home/.macropod"
_TEMPORARY = "/tmp"
_ENVIRONMENTS, _ENVIRONMENT = "/opt/macropod/environment", "/opt/macropod/environment/venv"
_BARE_ENVIRONMENT = "/opt/macropod/bare"
_CACHE = "/opt/macropod/cache"
_DATA = "/opt/macropod/data"
_TOKEN = "MACROPOD_RUNNER_TOKEN"
_TOKEN_KEY = "token"
_SIZES = {"home": "20Gi", "temporary": "1Gi", "environment": "20Gi", "cache": "20Gi"}
"""A pod that writes more is evicted, before it fills the disk of its node."""

_REPORT_SECONDS = 5
"""What the runner has on top of the grace of `main.py`, to report its end."""

Object = dict[str, Any]

_TELL_OF_DISRUPTION: Object = {
    "action": "FailJob",
    "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}],
}
"""So that the Job still says that its pod was taken away when the pod itself is not there any more to say it."""


@dataclass(frozen=True)
class Mould:
    """What all Jobs of an installation have in common."""

    installation_id: str
    image: str
    runner_url: RunnerUrl
    image_pull_policy: str = "IfNotPresent"
    ttl_seconds: int = 86_400
    cpu_request_percent: int = 25
    data_image: str = ""

    @property
    def selector(self) -> str:
        return f"{INSTALLATION_LABEL}={self.installation_id}"

    def image_of(self, flavor: Flavor) -> str:
        return self.data_image if flavor is Flavor.DATA else self.image

    def digest(self, flavor: Flavor) -> str | None:
        """Of the image, where its name has one; what a mere tag leads to is known only to the nodes."""
        return self.image_of(flavor).partition("@")[2] or None


def job_name(run_id: str) -> str:
    """Of the Job and of its Secret."""
    return f"macropod-{run_id}"


def job_of(order: Order, mould: Mould) -> Object:
    """One pod, once: whatever becomes of it, no other takes its place."""
    spec: Object = {
        "backoffLimit": 0,
        "completions": 1,
        "parallelism": 1,
        "podReplacementPolicy": "Failed",
        "podFailurePolicy": {"rules": [_TELL_OF_DISRUPTION]},
        "ttlSecondsAfterFinished": mould.ttl_seconds,
        "template": {"metadata": _metadata(order, mould), "spec": _pod_spec(order, mould)},
    }
    if order.deadline_seconds is not None:
        spec["activeDeadlineSeconds"] = order.deadline_seconds
    metadata = {"name": job_name(order.run_id), **_metadata(order, mould)}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec}


def secret_of(order: Order, job: Object, mould: Mould) -> Object:
    """The token of the run. It goes with the Job, whoever removes that."""
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": job["metadata"]["name"], "uid": job["metadata"]["uid"]}
    metadata = {
        "name": job_name(order.run_id),
        "labels": _labels(order, mould),
        "ownerReferences": [{**owner, "blockOwnerDeletion": False}],
    }
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "immutable": True,
        "metadata": metadata,
        "stringData": {_TOKEN_KEY: order.token},
    }


def _metadata(order: Order, mould: Mould) -> Object:
    return {
        "labels": {**order.placement.labels, **_labels(order, mould)},
        "annotations": dict(order.placement.annotations),
    }


def _labels(order: Order, mould: Mould) -> dict[str, str]:
    return {
        INSTALLATION_LABEL: mould.installation_id,
        RUN_LABEL: order.run_id,
        TASK_LABEL: order.task_id or "",
        WORKSPACE_LABEL: str(order.workspace_id),
    }


def _pod_spec(order: Order, mould: Mould) -> Object:
    return {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": order.grace_seconds + _REPORT_SECONDS,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "fsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(order, mould)],
        "volumes": [{"name": name, "emptyDir": {"sizeLimit": _SIZES[name]}} for name in _mounts(order)],
        **_placed(order.placement),
    }


def _container(order: Order, mould: Mould) -> Object:
    return {
        "name": CONTAINER,
        "image": _image(order, mould),
        "imagePullPolicy": mould.image_pull_policy,
        # The home itself is made by the runner: a working directory that is missing would be made for root.
        "workingDir": _HOMES,
        "env": _variables(order, mould),
        "resources": _resources(order, mould),
        "volumeMounts": [{"name": name, "mountPath": path} for name, path in _mounts(order).items()],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "privileged": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }


def _image(order: Order, mould: Mould) -> str:
    """That of the order is a digest, told where images are named by one."""
    image = mould.image_of(order.flavor)
    if order.image is None or mould.digest(order.flavor) is None:
        return image
    return f"{image.partition('@')[0]}@{order.image}"


def _variables(order: Order, mould: Mould) -> list[Object]:
    told = runner_environ(order, _paths(order), url=mould.runner_url)
    plain: list[Object] = [{"name": name, "value": value} for name, value in told.items() if name != _TOKEN]
    reference = {"name": job_name(order.run_id), "key": _TOKEN_KEY}
    return [*plain, {"name": _TOKEN, "valueFrom": {"secretKeyRef": reference}}]


def _resources(order: Order, mould: Mould) -> Object:
    """Memory is set aside in full, as it cannot be taken back; of CPU a part, as what nobody uses is lent."""
    limits = order.limits
    told: Object = {"memory": str(limits.memory_bytes)}
    if limits.gpus:
        told["nvidia.com/gpu"] = str(limits.gpus)
    whole, part = limits.cpus * 1000, limits.cpus * 10 * mould.cpu_request_percent
    return {"requests": {"cpu": _milli(part), **told}, "limits": {"cpu": _milli(whole), **told}}


def _milli(cpus: float) -> str:
    return f"{max(1, round(cpus))}m"


def _mounts(order: Order) -> dict[str, str]:
    """Where what can be written is; the image cannot. All of it goes with the pod. The folders that are mounted are
    root's, so what the runner has to own, or to make read-only, is one below."""
    mounts = {"home": _HOMES, "temporary": _TEMPORARY}
    if order.command == "package":
        return {**mounts, "environment": _ENVIRONMENTS, "cache": _CACHE}
    return mounts if order.environment is None else {**mounts, "environment": _ENVIRONMENTS}


def _paths(order: Order) -> RunnerPaths:
    bare = order.command == "run" and order.environment is None
    return RunnerPaths(
        home=_HOME,
        spool=_SPOOL,
        temporary=_TEMPORARY,
        environment=_BARE_ENVIRONMENT if bare else _ENVIRONMENT,
        sdk="/opt/macropod/sdk",
        uv="/opt/macropod/bin/uv",
        cache=_CACHE,
        data=_DATA if order.command == "run" and order.flavor is Flavor.DATA else "",
    )


def _placed(placement: Placement) -> Object:
    told = {
        "nodeSelector": dict(placement.node_selector),
        "tolerations": [dict(each) for each in placement.tolerations],
        "priorityClassName": placement.priority_class_name,
        "runtimeClassName": placement.runtime_class_name,
        "imagePullSecrets": [{"name": name} for name in placement.image_pull_secrets],
    }
    return {name: value for name, value in told.items() if value}
