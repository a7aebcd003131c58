"""The ground the spawner suite plays on, for each spawner: how to order, to restart the server, to look and to hurt."""

import contextlib
import os
import signal
import threading
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from docker import APIClient
from docker.errors import NotFound
from macropod_server.spawners.base import Exited, Gone, Limits, Order, Running, Sighting, Spawner
from macropod_server.spawners.docker import DockerSpawner, docker_answers
from macropod_server.spawners.docker_container import Names
from macropod_server.spawners.process import ProcessSpawner

from tests.contracts.spawner_workloads import STARTED, WAITS, Workload
from tests.fakes.runner_protocol import RunnerProtocol
from tests.fakes.spawner import FakeContainers, FakeSpawner

IMAGE = "macropod-runner:0.1.0"
MIB = 1024**2
AT_ONCE = timedelta(0)

DOCKER = pytest.param("docker", marks=pytest.mark.docker)
KEEPERS = ["fake", "process", DOCKER]
"""Spawners that keep environments; with others they travel through the storage."""


class Stage(ABC):
    """One installation with a spawner on it; `spawner` is the one of the server that runs now."""

    spawner: Spawner
    shows_late = False
    """Whether what others did to a container may show a moment later."""

    patience_seconds = 20.0

    def order(self, workload: Workload, **changes: Any) -> Order:
        run_id = str(uuid.uuid4())
        values: dict[str, Any] = {
            "run_id": run_id,
            "task_id": str(uuid.uuid4()),
            "workspace_id": 1,
            "command": "run",
            "token": self.register(run_id, workload),
            "limits": Limits(memory_bytes=256 * MIB, cpus=1, pids=64),
        }
        return Order(**values | changes)

    def run(self, workload: Workload, **changes: Any) -> str:
        """Spawn a run and wait until its program has started. Answers its id."""
        order = self.order(workload, **changes)
        self.spawner.spawn(order)
        self.await_started(order.run_id)
        return order.run_id

    def await_end(self, run_id: str) -> Exited:
        seen = self.await_sighting(run_id, lambda sighting: isinstance(sighting, Exited))
        assert isinstance(seen, Exited)
        return seen

    def await_output(self, run_id: str, line: str) -> None:
        """Wait until the container itself has written the line, which it may do after it told the server."""
        patience = time.monotonic() + self.patience_seconds
        while line not in self.spawner.output(run_id, limit=50):
            assert time.monotonic() < patience, f"{line} is never written"
            time.sleep(0.02)

    def await_sighting(self, run_id: str, wanted: Callable[[Sighting], bool]) -> Sighting:
        patience = time.monotonic() + self.patience_seconds
        while not wanted(seen := self.spawner.inspect(run_id)):
            assert time.monotonic() < patience, f"{seen} and {self.spawner.output(run_id, limit=50)}"
            time.sleep(0.02)
        return seen

    def await_gone(self, run_id: str) -> None:
        """After others than this spawner took it away."""
        assert self.await_sighting(run_id, lambda seen: seen == Gone() or not self.shows_late) == Gone()

    def environment(self) -> str:
        """Have an environment made by a packaging run. Answers its name."""
        order = self.order(WAITS, command="package")
        self.spawner.spawn(order)
        self.await_packaged(order.run_id)
        self.spawner.remove(order.run_id, grace=AT_ONCE)
        return order.run_id

    @abstractmethod
    def register(self, run_id: str, workload: Workload) -> str: ...

    @abstractmethod
    def await_started(self, run_id: str) -> None: ...

    @abstractmethod
    def await_packaged(self, run_id: str) -> None: ...

    @abstractmethod
    def starts(self, run_id: str) -> int: ...

    @abstractmethod
    def processes(self, run_id: str) -> list[int]: ...

    @abstractmethod
    def anew(self) -> Spawner:
        """A spawner of the same installation that remembers nothing, as after a restart of the server."""

    @abstractmethod
    def elsewhere(self) -> Spawner:
        """A spawner of another installation on the same machine."""

    @abstractmethod
    def cut_off(self) -> Spawner:
        """A spawner whose system cannot be reached."""

    @abstractmethod
    def kill(self, run_id: str) -> None:
        """KILL the program of the container from outside."""

    @abstractmethod
    def freeze(self, run_id: str) -> None:
        """Stop runner and program in their tracks from outside."""

    @abstractmethod
    def lose(self, run_id: str) -> None:
        """Take the container away from outside."""


class FakeStage(Stage):
    def __init__(self) -> None:
        self._containers = FakeContainers()
        self._workloads: dict[str, Workload] = {}
        self.spawner = self.fake = FakeSpawner(self._containers)

    def register(self, run_id: str, workload: Workload) -> str:
        self._workloads[run_id] = workload
        return "token"

    def await_started(self, run_id: str) -> None:
        self._workloads[run_id].play(self.fake, run_id)

    def await_packaged(self, run_id: str) -> None:
        self.fake.finish(run_id)

    def starts(self, run_id: str) -> int:
        return sum(order.run_id == run_id for order in self.fake.orders)

    def processes(self, run_id: str) -> list[int]:
        return []

    def anew(self) -> Spawner:
        return FakeSpawner(self._containers)

    def elsewhere(self) -> Spawner:
        return FakeSpawner()

    def cut_off(self) -> Spawner:
        cut_off = FakeSpawner(self._containers)
        cut_off.become_unavailable()
        return cut_off

    def kill(self, run_id: str) -> None:
        self.fake.finish(run_id, -signal.SIGKILL)

    def freeze(self, run_id: str) -> None:
        self.fake.freeze(run_id)

    def lose(self, run_id: str) -> None:
        self.fake.vanish(run_id)

    def jam(self, run_id: str) -> None:
        """Have the system fail whenever it is asked about this container."""
        self.fake.stuck.add(run_id)


class RealStage(Stage):
    """Runs the real runner, which talks to a double of the server."""

    protocol: RunnerProtocol

    def register(self, run_id: str, workload: Workload) -> str:
        return self.protocol.hand_out(run_id, main=workload.main, requirements="requirements.txt")

    def await_started(self, run_id: str) -> None:
        self.protocol.run(run_id).await_line(STARTED)

    def await_packaged(self, run_id: str) -> None:
        self.await_end(run_id)
        end = self.protocol.run(run_id).end
        assert end is not None
        assert end["reason"] == "completed", self.protocol.run(run_id).lines

    def starts(self, run_id: str) -> int:
        return self.protocol.run(run_id).lines.count(STARTED)

    def processes(self, run_id: str) -> list[int]:
        mark = f"MACROPOD_RUN_ID={run_id}".encode()
        return [pid for pid in psutil.pids() if mark in _environ(pid).split(b"\0")]


class ProcessStage(RealStage):
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.protocol = RunnerProtocol()
        self._spawners: list[ProcessSpawner] = []
        self.spawner = self.process = self._make(folder / "data")

    def anew(self) -> Spawner:
        return self._make(self.folder / "data")

    def elsewhere(self) -> Spawner:
        return self._make(self.folder / "elsewhere")

    def cut_off(self) -> Spawner:
        (self.folder / "file").touch()
        return ProcessSpawner(self.folder / "file", runner_url="")

    def kill(self, run_id: str) -> None:
        os.kill(int((self.run_folder(run_id) / "pid").read_text()), signal.SIGKILL)

    def freeze(self, run_id: str) -> None:
        os.kill(int((self.run_folder(run_id) / "pid").read_text()), signal.SIGSTOP)

    def lose(self, run_id: str) -> None:
        self.kill(run_id)
        self.await_end(run_id)
        self.run_folder(run_id).rename(self.folder / f"lost-{run_id}")

    def jam(self, run_id: str) -> None:
        """Have the system fail whenever it is asked about this container."""
        self.kill(run_id)
        self.await_end(run_id)
        (self.run_folder(run_id) / "exit").unlink()
        (self.run_folder(run_id) / "lock").unlink()
        (self.run_folder(run_id) / "lock").mkdir()

    def run_folder(self, run_id: str) -> Path:
        return self.folder / "data" / "runs" / run_id

    def close(self) -> None:
        for spawner in self._spawners:
            for run_id in spawner.list():
                spawner.remove(run_id, grace=AT_ONCE)
            spawner.close()
        self.protocol.close()

    def _make(self, data_dir: Path) -> ProcessSpawner:
        data_dir.mkdir(exist_ok=True)
        self._spawners.append(ProcessSpawner(data_dir, runner_url=self.protocol.url))
        self._spawners[-1].prepare()
        return self._spawners[-1]


class DockerStage(RealStage):
    """With a `gate` the spawners go through it; what hurts from outside does not."""

    def __init__(self, gate: str | None = None) -> None:
        self._environ = {"DOCKER_HOST": gate} if gate else None
        self.names = Names(f"test-{uuid.uuid4().hex[:8]}")
        self.api = APIClient(version="auto")
        self._spawners: list[DockerSpawner] = []
        self._volumes: set[str] = set()
        self.spawner = self.docker = self._make(self.names.installation_id)
        self.protocol = RunnerProtocol(self.docker.gateway())

    def anew(self) -> Spawner:
        return self._make(self.names.installation_id)

    def elsewhere(self) -> Spawner:
        return self._make(f"{self.names.installation_id}-other")

    def cut_off(self) -> Spawner:
        nobody = {"DOCKER_HOST": "tcp://127.0.0.1:1"}
        return DockerSpawner(self.names.installation_id, image=IMAGE, runner_url="", environ=nobody)

    def of_image(self, image: str, *, data_image: str = "") -> DockerSpawner:
        return self._make(self.names.installation_id, image=image, data_image=data_image)

    def kill(self, run_id: str) -> None:
        self.api.kill(self.names.container(run_id), "SIGKILL")

    def freeze(self, run_id: str) -> None:
        self.api.pause(self.names.container(run_id))

    def lose(self, run_id: str) -> None:
        self.api.remove_container(self.names.container(run_id), force=True)

    def look(self, run_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.api.inspect_container(self.names.container(run_id))
        return found

    def volumes(self) -> list[str]:
        found = self.api.volumes(filters={"name": self.names.network})["Volumes"] or []
        return [each["Name"] for each in found]

    def close(self) -> None:
        for spawner in self._spawners:
            for run_id in spawner.list():
                spawner.remove(run_id, grace=AT_ONCE)
            spawner.close()
        for volume in self.volumes():
            self.api.remove_volume(volume)
        for network in (self.names.network, f"{self.names.network}-other"):
            with contextlib.suppress(NotFound):
                self.api.remove_network(network)
        self.api.close()
        self.protocol.close()

    def _make(self, installation_id: str, *, image: str = IMAGE, data_image: str = "") -> DockerSpawner:
        images = {"image": image, "data_image": data_image}
        made = DockerSpawner(installation_id, runner_url=lambda: self.protocol.url, environ=self._environ, **images)
        self._spawners.append(made)
        return made


def docker_stage(gate: str | None = None) -> Iterator[DockerStage]:
    missing = docker_answers(IMAGE)
    if missing is not None:
        if os.environ.get("MACROPOD_TEST_REQUIRE_DOCKER") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    with contextlib.closing(DockerStage(gate)) as stage:
        yield stage


def process_stage(folder: Path) -> Iterator[ProcessStage]:
    with contextlib.closing(ProcessStage(folder)) as stage:
        yield stage


def at_the_same_time(action: Callable[[], None], *, times: int) -> None:
    barrier = threading.Barrier(times)
    failures: list[BaseException] = []

    def act() -> None:
        barrier.wait()
        try:
            action()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=act) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def is_running(sighting: Sighting) -> bool:
    return isinstance(sighting, Running)


def _environ(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""
