"""The ground of the spawner suite on Kubernetes: on the double of the tests, and on a real cluster where one is."""

import contextlib
import os
import signal
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from macropod_server.settings_reading import read_settings
from macropod_server.spawners.base import (
    ContainerStuck,
    CouldNotStart,
    Exited,
    Order,
    Running,
    Spawner,
    SpawnerUnavailable,
)
from macropod_server.spawners.kubernetes import Connection, NoCluster
from macropod_server.spawners.kubernetes_api import JOBS, PODS, KubernetesApi
from macropod_server.spawners.kubernetes_job import RUN_LABEL, Mould, job_name
from macropod_server.spawners.kubernetes_spawner import KubernetesSpawner

from benchmarks.pods import free_port, place_for_pods
from tests.contracts.spawner_stages import AT_ONCE, IMAGE, RealStage
from tests.contracts.spawner_workloads import STARTED, WAITS, Workload
from tests.fakes.runner_protocol import RunnerProtocol
from tests.kubernetes_double.cluster import KubernetesDouble, write_kubeconfig

KUBECONFIG = os.environ.get("MACROPOD_TEST_KUBECONFIG", "")
"""Set by `make test-kubernetes`."""

SETTINGS = "MACROPOD_KUBERNETES_"

KUBERNETES = ["kubernetes", *([pytest.param("cluster", marks=pytest.mark.cluster)] if KUBECONFIG else [])]
"""The double everywhere, a cluster where one is given."""


class KubernetesStage(RealStage):
    shows_late = True
    start_seconds = 20.0

    def __init__(self, folder: Path, kubeconfig: str, protocol: RunnerProtocol, *, runner_url: str) -> None:
        self.folder = folder
        self.protocol = protocol
        self.told = read_settings({name: value for name, value in os.environ.items() if name.startswith(SETTINGS)})
        self.mould = Mould(
            f"test-{uuid.uuid4().hex[:8]}",
            os.environ.get("MACROPOD_RUNNER_IMAGE", IMAGE),
            runner_url,
            image_pull_policy=self.told.kubernetes_image_pull_policy,
        )
        self._kubeconfig = kubeconfig
        self._spawners: list[KubernetesSpawner] = []
        self.spawner = self.kubernetes = self.make(self.mould.installation_id)

    def order(self, workload: Workload, **changes: Any) -> Order:
        return super().order(workload, **{"placement": self.told.kubernetes_placement} | changes)

    def await_started(self, run_id: str) -> None:
        """Its node tells a moment later than the program itself."""
        try:
            self.protocol.run(run_id).await_line(STARTED, seconds=self.start_seconds)
        except AssertionError:
            raise AssertionError(f"Run {run_id} does not start: {self.what_keeps(run_id)}") from None
        self.await_sighting(run_id, lambda seen: isinstance(seen, Running | Exited))

    def what_keeps(self, run_id: str) -> str:
        """In words of the cluster, or else the runner's own."""
        seen = self.spawner.inspect(run_id)
        if trouble := getattr(seen, "trouble", None):
            return str(trouble.message)
        return f"{seen} and wrote {self.spawner.output(run_id, limit=5)}"

    def anew(self) -> KubernetesSpawner:
        return self.make(self.mould.installation_id)

    def elsewhere(self) -> Spawner:
        return self.make(f"{self.mould.installation_id}-other")

    def cut_off(self) -> Spawner:
        nobody = write_kubeconfig(self.folder / "nobody", "http://127.0.0.1:1")
        return self.make(self.mould.installation_id, kubeconfig=str(nobody))

    def freeze(self, run_id: str) -> None:
        raise AssertionError("Kubernetes cannot freeze a container.")

    def make(self, installation_id: str, *, kubeconfig: str = "") -> KubernetesSpawner:
        connection = Connection(kubeconfig or self._kubeconfig, {})
        namespace = self.told.kubernetes_namespace or connection.namespace
        mould = replace(self.mould, installation_id=installation_id)
        self._spawners.append(KubernetesSpawner(connection, namespace=namespace, mould=mould))
        return self._spawners[-1]

    def close(self) -> None:
        for installation_id in (self.mould.installation_id, f"{self.mould.installation_id}-other"):
            spawner = self.make(installation_id)
            for run_id in spawner.list():
                spawner.remove(run_id, grace=AT_ONCE)
        for spawner in self._spawners:
            spawner.close()
        self.protocol.close()


class DoubleStage(KubernetesStage):
    def __init__(self, folder: Path) -> None:
        self.double = KubernetesDouble(folder / "double", folder.parent / "runner-image")
        protocol = RunnerProtocol()
        super().__init__(folder, str(self.double.kubeconfig), protocol, runner_url=protocol.url)

    def kill(self, run_id: str) -> None:
        self.double.kill(run_id)

    def lose(self, run_id: str) -> None:
        self.double.lose(run_id)

    def stop_in_its_tracks(self, run_id: str) -> None:
        self.double.kubelet.container(run_id).signal(signal.SIGSTOP)

    def close(self) -> None:
        with contextlib.closing(self.double):
            self.double.api.heal()
            super().close()


class ClusterStage(KubernetesStage):
    """A real one. Pods have to reach this machine: at MACROPOD_RUNNER_URL, else at an address of its own."""

    start_seconds = 90.0
    patience_seconds = 60.0

    def __init__(self, folder: Path) -> None:
        with contextlib.closing(Connection(KUBECONFIG, {})) as connection:
            host, port = place_for_pods(connection.url)
        protocol = RunnerProtocol("0.0.0.0", free_port(port))
        runner_url = f"http://{host}:{urlsplit(protocol.url).port}"
        super().__init__(folder, KUBECONFIG, protocol, runner_url=runner_url)

    def what_is_missing(self) -> str | None:
        """What keeps any run from starting here, found out by one; None when it starts."""
        if troubles := [each.trouble for each in self.spawner.trials() if each.trouble]:
            return " ".join(troubles)
        order = self.order(WAITS)
        try:
            self.spawner.spawn(order)
            self.await_started(order.run_id)
        except (CouldNotStart, ContainerStuck, SpawnerUnavailable, AssertionError) as error:
            return f"{error} (Image {self.mould.image}; pods are to reach this machine at {self.mould.runner_url}.)"
        return None

    def kill(self, run_id: str) -> None:
        pytest.skip("through its API nobody can kill a program of a real cluster from outside")

    def lose(self, run_id: str) -> None:
        with contextlib.closing(Connection(KUBECONFIG, {})) as connection:
            api = KubernetesApi(connection, self.told.kubernetes_namespace or connection.namespace)
            api.delete(JOBS, job_name(run_id))
            for pod in api.select(PODS, labels=f"{RUN_LABEL}={run_id}").objects:
                api.delete(PODS, pod["metadata"]["name"], grace_seconds=0)

    def processes(self, run_id: str) -> list[int]:
        """Out of sight on a node; its pod is gone, which the kubelet says only when they are."""
        return []


def kubernetes_stage(folder: Path) -> Iterator[DoubleStage]:
    with contextlib.closing(DoubleStage(folder)) as stage:
        yield stage


def cluster_stage(folder: Path) -> Iterator[ClusterStage]:
    with contextlib.closing(ClusterStage(folder)) as stage:
        yield stage


def leave_without_a_cluster(folder: Path) -> None:
    """Ends the whole session with a sentence rather than each test after its patience."""
    try:
        with contextlib.closing(ClusterStage(folder)) as stage:
            missing = stage.what_is_missing()
    except (NoCluster, SpawnerUnavailable, RuntimeError) as error:
        missing = str(error)
    if missing:
        pytest.exit(f"The cluster cannot be tried: {missing}", returncode=2)
