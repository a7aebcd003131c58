"""Calls as a server would make them, and one keyword or byte away from that."""

import copy
import http.client
import json
import socket
from collections.abc import Callable
from typing import Any

from macropod_server.spawners.base import Limits, Order
from macropod_server.spawners.docker_container import Names, container_config

IMAGE = "macropod-runner:0.1.0"
IMAGE_ID = "sha256:" + "1" * 64
RUN = "11111111-2222-4333-8444-555555555555"
OTHER_RUN = "99999999-2222-4333-8444-555555555555"
NAMES = Names("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee")
OWNER = NAMES.installation_id
LABELS = {"macropod.installation": OWNER, "macropod.run": RUN, "macropod.task": ""}
CREATE = f"/v1.41/containers/create?name=macropod-{RUN}"
Body = dict[str, Any]


def order(**changes: Any) -> Order:
    values: dict[str, Any] = {
        "run_id": RUN,
        "task_id": OTHER_RUN,
        "workspace_id": 7,
        "command": "run",
        "token": "a token",
        "limits": Limits(memory_bytes=1 << 28, cpus=1.5, pids=64),
    }
    return Order(**values | changes)


def body_of(made: Order) -> Body:
    return container_config(made, NAMES, image=IMAGE, url="http://server:8086", cpus=2)


def container(*path: Any, to: Any) -> Body:
    """The body of a sound create call with one thing changed; `...` takes it away."""
    body = copy.deepcopy(body_of(order()))
    place: Any = body
    for step in path[:-1]:
        place = place[step]
    if to is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = to
    return body


def network(**changes: Any) -> Body:
    options = {"com.docker.network.bridge.enable_icc": "false"}
    sound = {"Name": NAMES.network, "Driver": "bridge", "Options": options, "CheckDuplicate": True}
    return {**sound, "Labels": NAMES.labels, **changes}


def sound_facts() -> dict[str, Any]:
    """What an engine has to say for a create call to go through."""
    return {
        "/version": {"ApiVersion": "1.41"},
        f"/images/{IMAGE}/json": {"Id": IMAGE_ID},
        f"/images/{IMAGE_ID}/json": {"Id": IMAGE_ID},
        f"/networks/{NAMES.network}": {"Labels": NAMES.labels},
        f"/containers/macropod-{RUN}/json": {"Config": {"Labels": LABELS}, "State": {"Status": "running"}},
        f"/volumes/{NAMES.home(RUN)}": {"Labels": NAMES.labels},
    }


class Caller:
    """Sends what it is given as it is, to the address of a gate."""

    def __init__(self, host: str) -> None:
        address, _, port = host.removeprefix("tcp://").rpartition(":")
        self._address = (address, int(port))

    def call(self, method: str, target: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        sent = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        connection = http.client.HTTPConnection(*self._address, timeout=30)
        try:
            connection.request(method, target, body=sent, headers={"Content-Type": "application/json", **headers})
            response = connection.getresponse()
            return response.status, _facts(response.read())
        finally:
            connection.close()

    def send(self, raw: bytes) -> bytes:
        """All that comes back until the gate closes or keeps silent for a moment."""
        with socket.create_connection(self._address, timeout=1) as connection:
            connection.sendall(raw)
            return b"".join(iter(_receiver(connection), b""))


def _receiver(connection: socket.socket) -> Callable[[], bytes]:
    def receive() -> bytes:
        try:
            return connection.recv(65536)
        except TimeoutError:
            return b""

    return receive


def _facts(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body
