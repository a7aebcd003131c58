"""What only the docker spawner promises: how containers are confined and found, and what Docker's errors mean."""

import dataclasses
import json
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from macropod_server.spawners.base import (
    ContainerStuck,
    CouldNotStart,
    Exited,
    Gone,
    ImageNotFound,
    Limits,
    Order,
    Running,
    SpawnerUnavailable,
    Starting,
)
from macropod_server.spawners.docker import DockerSpawner, docker_answers
from macropod_server.spawners.docker_container import Names, container_config

from tests.contracts.spawner_stages import AT_ONCE, IMAGE, MIB, DockerStage, at_the_same_time, docker_stage
from tests.contracts.spawner_workloads import EATS_MEMORY, WAITS, WRITES_INTO_ITS_ENVIRONMENT, Workload, ends

NAMES = Names("home")
ORDER = Order(
    run_id="run-1",
    task_id="task-1",
    workspace_id=7,
    command="run",
    token="secret-token",
    limits=Limits(memory_bytes=512 * MIB, cpus=1.5, pids=100),
)


@pytest.fixture
def stage() -> Iterator[DockerStage]:
    yield from docker_stage()


def config(order: Order, *, cpus: int = 4) -> dict[str, Any]:
    return container_config(order, NAMES, image=IMAGE, url=lambda: "http://server", cpus=cpus)


def mounts(order: Order) -> dict[str, tuple[str, bool]]:
    found = config(order)["HostConfig"]["Mounts"]
    return {each["Target"]: (each["Source"], each.get("ReadOnly", False)) for each in found}


def test_labels_say_which_installation_run_and_task_a_container_is_of() -> None:
    assert config(ORDER)["Labels"] == {
        "macropod.installation": "home",
        "macropod.run": "run-1",
        "macropod.task": "task-1",
    }


def test_the_token_is_given_to_the_runner_and_written_nowhere_else() -> None:
    made = config(ORDER)
    assert "MACROPOD_RUNNER_TOKEN=secret-token" in made.pop("Env")
    assert "secret-token" not in json.dumps(made)


def test_limits_become_those_of_the_engine() -> None:
    host = config(ORDER)["HostConfig"]
    assert (host["Memory"], host["MemorySwap"]) == (512 * MIB, 512 * MIB)
    assert host["NanoCpus"] == 1_500_000_000
    assert host["PidsLimit"] == 100


def test_no_more_cpus_are_asked_for_than_the_engine_has() -> None:
    assert config(ORDER, cpus=1)["HostConfig"]["NanoCpus"] == 1_000_000_000


def test_gpus_are_asked_for_only_where_a_task_wants_some() -> None:
    assert config(ORDER)["HostConfig"]["DeviceRequests"] == []
    order = dataclasses.replace(ORDER, limits=dataclasses.replace(ORDER.limits, gpus=2))
    (asked,) = config(order)["HostConfig"]["DeviceRequests"]
    assert (asked["Count"], asked["Capabilities"]) == (2, [["gpu"]])


def test_a_container_is_made_from_the_image_its_order_names() -> None:
    assert config(ORDER)["Image"] == IMAGE
    assert config(dataclasses.replace(ORDER, image="sha256:abc"))["Image"] == "sha256:abc"


def test_a_run_without_requirements_mounts_its_home_only() -> None:
    assert mounts(ORDER) == {"/home": ("macropod-home-home-run-1", False)}


def test_a_run_mounts_its_environment_read_only() -> None:
    order = dataclasses.replace(ORDER, environment="env-1")
    assert mounts(order)["/opt/macropod/environment"] == ("macropod-home-env-env-1", True)
    assert "/opt/macropod/cache" not in mounts(order)


def test_packaging_mounts_the_environment_it_builds_and_the_cache_of_its_workspace() -> None:
    assert mounts(dataclasses.replace(ORDER, command="package")) == {
        "/home": ("macropod-home-home-run-1", False),
        "/opt/macropod/environment": ("macropod-home-env-run-1", False),
        "/opt/macropod/cache": ("macropod-home-cache-7", False),
    }


SETTINGS: dict[str, Callable[[dict[str, Any], dict[str, Any]], bool]] = {
    "1 a fixed high user": lambda seen, host: seen["Config"]["User"] == "10001:10001",
    "2 no capabilities": lambda seen, host: host["CapDrop"] == ["ALL"] and not host["CapAdd"],
    "3 no new privileges": lambda seen, host: "no-new-privileges:true" in host["SecurityOpt"],
    "4 the engine's seccomp profile": lambda seen, host: "unconfined" not in str(host["SecurityOpt"]),
    "5 a read-only root": lambda seen, host: host["ReadonlyRootfs"],
    "5 a sized tmp": lambda seen, host: "size=" in host["Tmpfs"]["/tmp"] and "nosuid" in host["Tmpfs"]["/tmp"],
    "6 memory with equal swap": lambda seen, host: host["Memory"] == host["MemorySwap"] == 256 * MIB,
    "6 processors": lambda seen, host: host["NanoCpus"] == 1_000_000_000,
    "6 processes": lambda seen, host: host["PidsLimit"] == 64,
    "6 open files": lambda seen, host: {"Name": "nofile", "Soft": 16_384, "Hard": 16_384} in host["Ulimits"],
    "6 the size of the log": lambda seen, host: host["LogConfig"]["Config"]["max-size"] == "10m",
    "7 not privileged": lambda seen, host: not host["Privileged"],
    "7 no devices": lambda seen, host: not host["Devices"],
    "7 namespaces of its own": lambda seen, host: (
        "host" not in (host["NetworkMode"], host["PidMode"], host["IpcMode"], host["UTSMode"], host["UsernsMode"])
    ),
    "8 nothing of the machine": lambda seen, host: (
        not host["Binds"] and all(mount["Type"] == "volume" for mount in seen["Mounts"])
    ),
    "11 no restart": lambda seen, host: host["RestartPolicy"]["Name"] == "no",
}


@pytest.mark.docker
def test_a_container_is_confined_in_every_way(stage: DockerStage) -> None:
    seen = stage.look(stage.run(WAITS))
    assert [name for name, holds in SETTINGS.items() if not holds(seen, seen["HostConfig"])] == []


@pytest.mark.docker
def test_the_network_lets_containers_reach_the_server_and_not_each_other(stage: DockerStage) -> None:
    network = stage.api.inspect_network(stage.names.network)
    assert network["Options"]["com.docker.network.bridge.enable_icc"] == "false"
    assert stage.docker.gateway() == network["IPAM"]["Config"][0]["Gateway"]


LOOKS_AROUND = Workload(
    """
import json, os, pathlib

def can_write(folder):
    try:
        pathlib.Path(folder, "planted").write_text("x")
    except OSError:
        return False
    return True

status = dict(line.split(":\\t") for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)
print("started")
print(json.dumps({
    "user": [os.getuid(), os.getgid()],
    "capabilities": int(status["CapEff"], 16) | int(status["CapBnd"], 16),
    "no_new_privileges": status["NoNewPrivs"],
    "seccomp": status["Seccomp"],
    "writable": [each for each in ("/", "/etc", "/opt/macropod", "/opt/macropod/sdk", "/home/jovyan", "/tmp")
                 if can_write(each)],
    "socket": os.path.exists("/var/run/docker.sock"),
    "home": os.environ["HOME"],
    "folder": os.getcwd(),
}))
"""
)


@pytest.mark.docker
def test_a_program_finds_itself_confined(stage: DockerStage) -> None:
    run_id = stage.run(LOOKS_AROUND)
    stage.await_end(run_id)
    assert json.loads(stage.protocol.run(run_id).lines[1]) == {
        "user": [10001, 10001],
        "capabilities": 0,
        "no_new_privileges": "1",
        "seccomp": "2",
        "writable": ["/home/jovyan", "/tmp"],
        "socket": False,
        "home": "/home/jovyan",
        "folder": "/home/jovyan",
    }


@pytest.mark.docker
def test_a_run_cannot_write_into_the_environment_others_use(stage: DockerStage) -> None:
    run_id = stage.run(WRITES_INTO_ITS_ENVIRONMENT, environment=stage.environment())
    stage.await_end(run_id)
    assert stage.protocol.run(run_id).lines[1] == "could not write"


@pytest.mark.docker
def test_a_missing_image_is_its_own_error_that_says_how_to_make_it(stage: DockerStage) -> None:
    order = stage.order(WAITS)
    with pytest.raises(ImageNotFound, match="make runner-image"):
        stage.of_image("macropod-nowhere:0").spawn(order)
    assert stage.docker.inspect(order.run_id) == Gone()
    assert stage.volumes() == []


@pytest.mark.docker
def test_an_image_that_is_not_there_has_no_digest(stage: DockerStage) -> None:
    assert stage.of_image("macropod-nowhere:0").image() is None


@pytest.mark.docker
def test_a_run_is_made_from_the_image_it_was_claimed_with_although_the_name_means_another_by_now(
    stage: DockerStage,
) -> None:
    image = f"macropod-test-{uuid.uuid4().hex[:8]}"
    stage.api.tag(IMAGE, image, "1")
    spawner = stage.of_image(f"{image}:1")
    claimed = spawner.image()
    stage.api.remove_image(f"{image}:1")
    order = stage.order(WAITS, image=claimed)
    spawner.spawn(order)
    stage.await_started(order.run_id)
    assert stage.look(order.run_id)["Image"] == claimed


@pytest.mark.docker
def test_an_image_removed_after_the_claim_is_missed_by_its_digest(stage: DockerStage) -> None:
    gone = "sha256:" + "0" * 64
    with pytest.raises(ImageNotFound, match=gone):
        stage.docker.spawn(stage.order(WAITS, image=gone))


@pytest.mark.docker
def test_the_engine_tells_what_it_can_give(stage: DockerStage) -> None:
    told, capacity = stage.api.info(), stage.docker.capacity()
    assert (capacity.cpus, capacity.memory_bytes) == (told["NCPU"], told["MemTotal"])
    assert capacity.gpus == (None if "nvidia" in told["Runtimes"] else 0)


@pytest.mark.docker
def test_an_order_the_engine_refuses_cannot_start_and_leaves_nothing(stage: DockerStage) -> None:
    order = stage.order(WAITS, limits=Limits(memory_bytes=1, cpus=1, pids=64))
    with pytest.raises(CouldNotStart, match="memory"):
        stage.docker.spawn(order)
    assert stage.docker.inspect(order.run_id) == Gone()
    assert stage.volumes() == []


@pytest.mark.docker
def test_a_container_that_ran_out_of_memory_says_so(stage: DockerStage) -> None:
    run_id = stage.run(EATS_MEMORY, limits=Limits(memory_bytes=64 * MIB, cpus=1, pids=64))
    assert stage.await_end(run_id) == Exited(0, out_of_memory=True)
    assert stage.protocol.run(run_id).end["reason"] == "out_of_memory"


@pytest.mark.docker
def test_a_container_that_was_made_and_not_started_is_started_by_the_next_spawn(stage: DockerStage) -> None:
    order = stage.order(WAITS)
    made = container_config(order, stage.names, image=IMAGE, url=stage.protocol.url, cpus=1)
    stage.docker.gateway()
    stage.api.create_container_from_config(made, stage.names.container(order.run_id))
    assert stage.docker.inspect(order.run_id) == Starting()
    stage.docker.spawn(order)
    stage.await_started(order.run_id)
    assert stage.docker.inspect(order.run_id) == Running()


@pytest.mark.docker
def test_a_container_started_again_from_outside_runs_nothing_again(stage: DockerStage) -> None:
    run_id = stage.run(ends())
    ended = stage.await_end(run_id)
    stage.api.start(stage.names.container(run_id))
    assert stage.await_end(run_id) == ended
    assert stage.starts(run_id) == 1
    assert stage.protocol.run(run_id).asked == 1


@pytest.mark.docker
def test_no_volume_is_left_even_of_a_container_taken_away_from_outside(stage: DockerStage) -> None:
    run_id = stage.run(WAITS)
    stage.lose(run_id)
    stage.docker.remove(run_id, grace=AT_ONCE)
    assert stage.volumes() == []


@pytest.mark.docker
def test_a_network_taken_away_is_made_again(stage: DockerStage) -> None:
    stage.api.remove_network(stage.names.network)
    stage.docker.spawn(stage.order(WAITS))
    assert stage.api.inspect_network(stage.names.network)["Driver"] == "bridge"


@pytest.mark.docker
def test_docker_answers_for_an_image_that_is_there(stage: DockerStage) -> None:
    assert docker_answers(IMAGE) is None


@pytest.mark.docker
def test_docker_does_not_answer_for_an_image_that_is_missing(stage: DockerStage) -> None:
    image = f"macropod-{uuid.uuid4().hex}:0"
    assert docker_answers(image) == f"Docker answers but has no image {image}; make it with `make runner-image`."


def test_docker_does_not_answer_where_there_is_none() -> None:
    assert docker_answers(IMAGE, environ={"DOCKER_HOST": "tcp://127.0.0.1:1"}) == "No Docker Engine answers."


@contextmanager
def failing_engine(status: int) -> Iterator[DockerSpawner]:
    """An engine that tells its version and answers everything else with this status."""

    class Failing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_version = self.path.endswith("/version")
            body = b'{"ApiVersion": "1.43"}' if is_version else b'{"message": "device is busy"}'
            self.send_response(200 if is_version else status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Failing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        spawner = DockerSpawner(
            "home", image=IMAGE, runner_url="", environ={"DOCKER_HOST": f"tcp://127.0.0.1:{server.server_port}"}
        )
        yield spawner
        spawner.close()
        server.shutdown()


def test_an_engine_that_answers_with_an_error_has_trouble_with_that_container_only() -> None:
    with failing_engine(500) as spawner, pytest.raises(ContainerStuck, match="device is busy"):
        spawner.inspect("run-1")


def test_a_gate_without_an_engine_behind_it_is_no_answer() -> None:
    with failing_engine(503) as spawner, pytest.raises(SpawnerUnavailable):
        spawner.inspect("run-1")


def test_an_engine_that_cannot_list_containers_is_no_engine() -> None:
    with failing_engine(500) as spawner, pytest.raises(SpawnerUnavailable):
        spawner.list()


@pytest.mark.docker
def test_the_first_runs_of_an_installation_share_one_network_however_many_start_at_once(stage: DockerStage) -> None:
    orders = [stage.order(WAITS) for _ in range(8)]
    left = iter(orders)
    at_the_same_time(lambda: stage.spawner.spawn(next(left)), times=len(orders))
    found = stage.api.networks(filters={"label": f"macropod.installation={stage.names.installation_id}"})
    assert [each["Name"] for each in found] == [stage.names.network]
    for order in orders:
        stage.await_started(order.run_id)
