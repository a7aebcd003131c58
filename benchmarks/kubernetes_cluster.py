"""A cluster by its API: whether it is there, a bare Job until its first line, and when the Job of a run was made."""

import json
import os
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from macropod_server.spawners.base import SpawnerUnavailable
from macropod_server.spawners.kubernetes import Connection, NoCluster
from macropod_server.spawners.kubernetes_api import JOBS, PODS, KubernetesApi, Refused
from macropod_server.spawners.kubernetes_job import CONTAINER, Mould, Object

from benchmarks.pods import free_port, place_for_pods

IMAGE = os.environ.get("MACROPOD_RUNNER_IMAGE", "macropod-runner:0.1.0")
_PULL_POLICY = os.environ.get("MACROPOD_KUBERNETES_IMAGE_PULL_POLICY", "IfNotPresent")
_PLACEMENT = json.loads(os.environ.get("MACROPOD_KUBERNETES_PLACEMENT", "{}"))
_SMALL = {"cpu": "500m", "memory": "256Mi"}
_PYTHON = "/opt/macropod/bare/bin/python"
_LABEL = "macropod-benchmark"
_PATIENCE_SECONDS = 120.0
_SILENCE_SECONDS = 60.0


class Cluster:
    """Of a kubeconfig. Raises `NoCluster`, and `SpawnerUnavailable` where nobody answers."""

    def __init__(self, kubeconfig: str) -> None:
        if not kubeconfig:
            raise NoCluster("There is no cluster to measure: make bench-kubernetes KUBECONFIG=….")
        self.kubeconfig = kubeconfig
        self._connection = Connection(kubeconfig, {})
        self.namespace = os.environ.get("MACROPOD_KUBERNETES_NAMESPACE") or self._connection.namespace
        self.api = KubernetesApi(self._connection, self.namespace)
        self.api.select(JOBS, labels=f"{_LABEL}=none")

    def time_to_first_line(self, source: str) -> float:
        """Seconds from the call that makes a bare Job of the same image to its first line in hand."""
        name = f"macropod-benchmark-{uuid.uuid4().hex[:8]}"
        began = time.perf_counter()
        self.api.create(JOBS, _bare_job(name, source))
        try:
            self._await_line(name)
            return time.perf_counter() - began
        finally:
            self.api.delete(JOBS, name)

    @contextmanager
    def moments_of_jobs(self, mould_labels: str) -> Iterator[dict[str, float]]:
        """When each Job so labelled was told of, by its name; from one watch that is open during the block."""
        moments: dict[str, float] = {}
        since = self.api.select(JOBS, labels=mould_labels).resource_version
        watch = self.api.watch(JOBS, labels=mould_labels, since=since, seconds=3600, silence=3600)
        with watch as lines:
            thread = threading.Thread(target=_note, args=(lines.each, moments), daemon=True)
            thread.start()
            yield moments
            lines.cut()
            thread.join(5)

    def place_for_pods(self) -> tuple[str, int]:
        """Host and a free port of this machine at which pods reach it."""
        host, port = place_for_pods(self._connection.url)
        return host, free_port(port)

    def close(self) -> None:
        self._connection.close()

    def _await_line(self, job: str) -> None:
        """A log can be followed as soon as its container is there, and not before."""
        deadline = time.perf_counter() + _PATIENCE_SECONDS
        while time.perf_counter() < deadline:
            for pod in self.api.select(PODS, labels=f"{_LABEL}={job}").objects:
                with suppress(Refused, SpawnerUnavailable):
                    if self._first_line(pod["metadata"]["name"]):
                        return
            time.sleep(0.01)
        raise RuntimeError(f"The bare Job {job} printed nothing for {_PATIENCE_SECONDS:.0f} s.")

    def _first_line(self, pod: str) -> bool:
        path = f"/api/v1/namespaces/{self.namespace}/pods/{pod}/log"
        with self._connection.lines(path, query=[("follow", "true")], seconds=_SILENCE_SECONDS) as lines:
            return lines.status == 200 and bool(next(iter(lines.each), b""))


def labels_of(installation_id: str) -> str:
    return Mould(installation_id, IMAGE, "").selector


def _note(lines: Any, moments: dict[str, float]) -> None:
    with suppress(Exception):
        for line in lines:
            told = json.loads(line)
            if told["type"] == "ADDED":
                moments[told["object"]["metadata"]["name"]] = time.perf_counter()


def _bare_job(name: str, source: str) -> Object:
    """Nothing but what a namespace that is held to “restricted”, and to a quota, takes."""
    container = {
        "name": CONTAINER,
        "image": IMAGE,
        "imagePullPolicy": _PULL_POLICY,
        "resources": {"requests": _SMALL, "limits": _SMALL},
        "command": [_PYTHON, "-u", "-c", source],
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    security = {"runAsNonRoot": True, "runAsUser": 10_001, "seccompProfile": {"type": "RuntimeDefault"}}
    placed = {name: _PLACEMENT[name] for name in ("nodeSelector", "tolerations") if name in _PLACEMENT}
    pod = {"restartPolicy": "Never", "containers": [container], "securityContext": security, **placed}
    labels = {_LABEL: name}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "labels": labels},
        "spec": {"backoffLimit": 0, "template": {"metadata": {"labels": labels}, "spec": pod}},
    }
