"""The ground of the spawner suite on Kubernetes: on the double of the tests, and on a real cluster where one is."""

import contextlib
import os
import signal
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from macropod_server.spawners.base import Exited, Running, Spawner
from macropod_server.spawners.kubernetes import Connection
from macropod_server.spawners.kubernetes_api import JOBS, PODS, KubernetesApi
from macropod_server.spawners.kubernetes_job import RUN_LABEL, Mould, job_name
from macropod_server.spawners.kubernetes_spawner import KubernetesSpawner

from tests.contracts.spawner_stages import AT_ONCE, IMAGE, RealStage
from tests.contracts.spawner_workloads import STARTED
from tests.fakes.runner_protocol import RunnerProtocol
from tests.kubernetes_double.cluster import KubernetesDouble, write_kubeconfig

KUBECONFIG = os.environ.get("MACROPOD_TEST_KUBECONFIG", "")
"""Set by `make test-kubernetes`."""

KUBERNETES = ["kubernetes", *([pytest.param("cluster", marks=pytest.mark.cluster)] if KUBECONFIG else [])]
"""The double everywhere, a cluster where one is given."""


class KubernetesStage(RealStage):
    shows_late = True
    start_seconds = 20.0

    def __init__(self, folder: Path, kubeconfig: str, protocol: RunnerProtocol, *, runner_url: str) -> None:
        self.folder = folder
        self.protocol = protocol
        self.mould = Mould(f"test-{uuid.uuid4().hex[:8]}", os.environ.get("MACROPOD_RUNNER_IMAGE", IMAGE), runner_url)
        self._kubeconfig = kubeconfig
        self._spawners: list[KubernetesSpawner] = []
        self.spawner = self.kubernetes = self.make(self.mould.installation_id)

    def await_started(self, run_id: str) -> None:
        """Its node tells a moment later than the program itself."""
        self.protocol.run(run_id).await_line(STARTED, seconds=self.start_seconds)
        self.await_sighting(run_id, lambda seen: isinstance(seen, Running | Exited))

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
        namespace = os.environ.get("MACROPOD_KUBERNETES_NAMESPACE") or connection.namespace
        mould = Mould(installation_id, self.mould.image, self.mould.runner_url)
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
    """A real one. Pods have to reach this machine: at MACROPOD_TEST_RUNNER_HOST, else at the address from which this
    machine reaches the API."""

    start_seconds = 90.0
    patience_seconds = 60.0

    def __init__(self, folder: Path) -> None:
        protocol = RunnerProtocol("0.0.0.0")
        host = os.environ.get("MACROPOD_TEST_RUNNER_HOST") or _own_address(Connection(KUBECONFIG, {}).url)
        runner_url = f"http://{host}:{urlsplit(protocol.url).port}"
        super().__init__(folder, KUBECONFIG, protocol, runner_url=runner_url)

    def kill(self, run_id: str) -> None:
        pytest.skip("through its API nobody can kill a program of a real cluster from outside")

    def lose(self, run_id: str) -> None:
        connection = Connection(KUBECONFIG, {})
        api = KubernetesApi(connection, os.environ.get("MACROPOD_KUBERNETES_NAMESPACE") or connection.namespace)
        api.delete(JOBS, job_name(run_id))
        for pod in api.select(PODS, labels=f"{RUN_LABEL}={run_id}").objects:
            api.delete(PODS, pod["metadata"]["name"], grace_seconds=0)
        connection.close()

    def processes(self, run_id: str) -> list[int]:
        """Out of sight on a node; its pod is gone, which the kubelet says only when they are."""
        return []


def kubernetes_stage(folder: Path) -> Iterator[DoubleStage]:
    with contextlib.closing(DoubleStage(folder)) as stage:
        yield stage


def cluster_stage(folder: Path) -> Iterator[ClusterStage]:
    with contextlib.closing(ClusterStage(folder)) as stage:
        yield stage


def _own_address(url: str) -> str:
    parts = urlsplit(url)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
        way.connect((parts.hostname, parts.port or 443))
        return str(way.getsockname()[0])
