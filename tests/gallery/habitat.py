"""Where specimens live: a real server with one spawner, and what somebody outside may do to its runs."""

import contextlib
import os
import signal
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest
from docker import APIClient
from docker.errors import NotFound
from macropod_server.spawners.docker import docker_answers
from macropod_server.spawners.docker_container import INSTALLATION_LABEL, Names

from tests.builders import a_zip
from tests.gallery.specimen import Specimen
from tests.live_server import LiveServer, processes_of

IMAGE = "macropod-runner:0.1.0"
PATIENCE_SECONDS = 120.0
_AT_ONCE = 8

T = TypeVar("T")


class Habitat(ABC):
    """Specimens run side by side, a few at once, those that take long first; each test then looks at one."""

    spawner: str

    def __init__(self, folder: Path, **settings: Any) -> None:
        variables = {"PIP_NO_INDEX": "1"}
        told = {"grace_seconds": 1, "max_runs": _AT_ONCE, **settings}
        self._server = LiveServer(folder, variables=variables, spawner=self.spawner, **told)
        self._pool = ThreadPoolExecutor(_AT_ONCE)
        self._ends: dict[str, Future[dict[str, Any]]] = {}
        self.touched_at: dict[str, datetime] = {}

    def __enter__(self) -> "Habitat":
        self._server.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._server.__exit__()

    def settle(self, specimens: dict[str, Specimen]) -> None:
        for name, specimen in sorted(specimens.items(), key=lambda each: each[1].outside is None):
            self._ends[name] = self._pool.submit(self.live, name, specimen)

    def end_of(self, name: str) -> dict[str, Any]:
        """The run of this specimen as the server shows it after its end."""
        return self._ends[name].result()

    def live(self, name: str, specimen: Specimen) -> dict[str, Any]:
        """Upload a specimen, run it, do to it what it asks for, and wait for its end."""
        files = {"file": (f"{name}.zip", a_zip(dict(specimen.files)))}
        uploaded = self._ask("POST", "/v1/orchestrations", files=files)
        order = {"kind": "run_once", "orchestration_id": uploaded["id"], "name": name, **specimen.task}
        task = self._ask("POST", "/v1/tasks", json=order)
        run_id = task["last_run_id"]
        if specimen.outside is not None:
            eventually(lambda: "ready" in self.log(run_id))
            self.touched_at[run_id] = datetime.now(UTC)
            getattr(self, specimen.outside)(run_id)
        return eventually(lambda: self._ended(run_id))

    def log(self, run_id: str) -> list[str]:
        return [line["text"] for line in self._ask("GET", f"/v1/runs/{run_id}/logs", params={"tail": 1000})["lines"]]

    def kill_task(self, run_id: str) -> None:
        task_id = self._ask("GET", f"/v1/runs/{run_id}")["task_id"]
        self._ask("POST", f"/v1/tasks/{task_id}/kill")

    @abstractmethod
    def kill_main(self, run_id: str) -> None: ...

    @abstractmethod
    def kill_runner(self, run_id: str) -> None: ...

    @abstractmethod
    def freeze(self, run_id: str) -> None: ...

    @abstractmethod
    def is_left(self, run_id: str) -> bool:
        """Whether any process or container of this run is still there."""

    def _ended(self, run_id: str) -> dict[str, Any] | None:
        run = self._ask("GET", f"/v1/runs/{run_id}")
        return run if run["ended_at"] else None

    def _pid_told(self, run_id: str) -> int:
        (told,) = (line for line in self.log(run_id) if line.startswith("process "))
        return int(told.removeprefix("process "))

    def _ask(self, method: str, path: str, **what: Any) -> dict[str, Any]:
        told: dict[str, Any] = self._server.rest.request(method, path, timeout=60, **what).raise_for_status().json()
        return told


class ProcessHabitat(Habitat):
    spawner = "process"

    def kill_main(self, run_id: str) -> None:
        os.kill(self._pid_told(run_id), signal.SIGKILL)

    def kill_runner(self, run_id: str) -> None:
        os.kill(self._runner(run_id), signal.SIGKILL)

    def freeze(self, run_id: str) -> None:
        os.kill(self._runner(run_id), signal.SIGSTOP)

    def is_left(self, run_id: str) -> bool:
        return bool(processes_of(self._server.data_dir / "runs" / run_id))

    def _runner(self, run_id: str) -> int:
        return int((self._server.data_dir / "runs" / run_id / "pid").read_text())


class DockerHabitat(Habitat):
    spawner = "docker"

    def __init__(self, folder: Path, **settings: Any) -> None:
        super().__init__(folder, **settings)
        self._engine = APIClient(version="auto")
        self._names = Names("")

    def __enter__(self) -> "DockerHabitat":
        super().__enter__()
        self._names = Names(self._ask("GET", "/v1/info")["installation_id"])
        return self

    def __exit__(self, *exc: object) -> None:
        super().__exit__()
        mine = {"label": f"{INSTALLATION_LABEL}={self._names.installation_id}"}
        for each in self._engine.containers(all=True, filters=mine):
            self._engine.remove_container(each["Id"], force=True, v=True)
        for each in self._engine.volumes(filters=mine)["Volumes"] or []:
            self._engine.remove_volume(each["Name"])
        with contextlib.suppress(NotFound):
            self._engine.remove_network(self._names.network)
        self._engine.close()

    def kill_main(self, run_id: str) -> None:
        kill = ["sh", "-c", f"kill -9 {self._pid_told(run_id)}"]
        self._engine.exec_start(self._engine.exec_create(self._names.container(run_id), kill)["Id"])

    def kill_runner(self, run_id: str) -> None:
        self._engine.kill(self._names.container(run_id), "SIGKILL")

    def freeze(self, run_id: str) -> None:
        self._engine.pause(self._names.container(run_id))

    def remove_container(self, run_id: str) -> None:
        self._engine.remove_container(self._names.container(run_id), force=True)

    def is_left(self, run_id: str) -> bool:
        name = f"^/{self._names.container(run_id)}$"
        return bool(self._engine.containers(all=True, filters={"name": name}))


@contextlib.contextmanager
def habitat(spawner: str, folder: Path, **settings: Any) -> Iterator[Habitat]:
    missing = docker_answers(IMAGE) if spawner == "docker" else None
    if missing is not None:
        if os.environ.get("MACROPOD_TEST_REQUIRE_DOCKER") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    kind = DockerHabitat if spawner == "docker" else ProcessHabitat
    with kind(folder, **settings) as settled:
        yield settled


def eventually(look: Callable[[], T | None]) -> T:
    """What is seen as soon as there is something to be seen."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (seen := look()):
        assert time.monotonic() < deadline, "There is nothing to be seen."
        time.sleep(0.1)
    return seen
