"""compose.yaml itself, with our own images: the hello example goes through server and gate."""

import os
import time
from collections.abc import Iterator
from contextlib import closing

import httpx2
import macropod
import psycopg
import pytest
from docker import APIClient
from docker.errors import ImageNotFound

from chaos.object_store import ACCESS_KEY, SECRET_KEY, ObjectStore
from chaos.proxy import Proxy
from tests.install.composed import ROOT, Composed, compose_command
from tests.postgres import Postgres

pytestmark = pytest.mark.docker

ADDRESS = "http://10.86.86.1:8086"
IMAGES = ("macropod-server:0.1.0", "macropod-runner:0.1.0")


def why_not() -> str | None:
    if compose_command() is None:
        return "There is neither `docker compose` nor `docker-compose`."
    try:
        with closing(APIClient(version="auto")) as api:
            for image in IMAGES:
                api.inspect_image(image)
    except ImageNotFound as error:
        return f"{error.explanation}; make it with `make server-image` and `make runner-image`."
    except Exception:
        return "No Docker Engine answers."
    return None


@pytest.fixture(scope="module")
def composed(postgres: Postgres, running_object_store: ObjectStore) -> Iterator[Composed]:
    """Both servers and the gate; database and bucket stand where compose.yaml looks for them."""
    missing = why_not()
    if missing is not None:
        if os.environ.get("MACROPOD_TEST_REQUIRE_DOCKER") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    with psycopg.connect(postgres.url("postgres").replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("CREATE DATABASE macropod")
    command = compose_command()
    assert command is not None
    (running_object_store.folder / "macropod").mkdir(exist_ok=True)
    with Composed(command, access_key=ACCESS_KEY, secret_key=SECRET_KEY) as composed:
        # A server is on all networks: making it makes them.
        composed.run("up", "--no-start", "--no-deps", "server")
        with (
            closing(Proxy([("127.0.0.1", postgres.port)], host="10.86.87.1", port=5432)),
            closing(Proxy([("127.0.0.1", running_object_store.port)], host="10.86.88.1", port=7070)),
        ):
            composed.run("up", "-d", "--no-deps", "gate")
            composed.await_health("gate")
            composed.run("run", "--rm", "--no-deps", "migrate")
            composed.run("up", "-d", "--no-deps", "server", "server-2")
            composed.await_health("server")
            composed.await_health("server-2")
            yield composed


@pytest.fixture(scope="module")
def client(composed: Composed) -> Iterator[macropod.Client]:
    """With the first token, as docs/install-compose.md says how to come by it."""
    token = composed.run("exec", "-T", "server", "macropod-server", "token").strip()
    told = httpx2.get(f"{ADDRESS}/v1/info", headers={"Authorization": f"Bearer {token}"}).json()
    with macropod.Client(ADDRESS, token) as client:
        yield client
    composed.remove_installation(told["installation_id"])


def test_the_hello_example_runs_from_end_to_end(client: macropod.Client) -> None:
    task = client.upload_orchestration(ROOT / "examples" / "hello").run_once("hello", json_args={"name": "compose"})
    run = task.wait(timeout=120)
    assert run.status() == "success"
    assert [line.text for line in run.logs()] == ["Hello, compose!"]


def test_the_bundle_lies_in_the_bucket(client: macropod.Client, running_object_store: ObjectStore) -> None:
    (orchestration,) = client.list_orchestrations()
    assert orchestration.sha in {
        path.parent.name + path.name for path in (running_object_store.folder / "macropod").rglob("*") if path.is_file()
    }


def test_the_server_has_neither_the_engine_s_socket_nor_any_privilege(composed: Composed) -> None:
    seen = composed.look("server")
    host = seen["HostConfig"]
    assert all("docker.sock" not in str(mount) for mount in seen["Mounts"])
    assert (host["ReadonlyRootfs"], host["CapDrop"], host["Privileged"]) == (True, ["ALL"], False)
    assert seen["Config"]["User"] == "10002:10002"


def test_the_gate_is_reached_by_the_servers_only_and_reaches_nobody(composed: Composed) -> None:
    networks = composed.look("gate")["NetworkSettings"]["Networks"]
    assert list(networks) == [f"{composed.project}_gate"]
    assert composed.look("gate")["HostConfig"]["PortBindings"] in (None, {})


def test_a_backup_is_made_beside_the_server(client: macropod.Client, composed: Composed) -> None:
    file = "/var/lib/macropod/macropod.backup"
    composed.run("exec", "-T", "server", "macropod-server", "backup", file)
    composed.run("exec", "-T", "server", "rm", file)


def test_the_server_is_gone_a_moment_after_it_is_told_to_stop(composed: Composed) -> None:
    begun = time.monotonic()
    composed.run("stop", "server")
    assert time.monotonic() - begun < 15
    assert composed.look("server")["State"]["ExitCode"] == 0
