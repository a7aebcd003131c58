"""What the gate allows is what the spawner asks: all of it, and of each body nothing more and nothing less."""

import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from macropod_server.docker_gate.answer_rules import told
from macropod_server.docker_gate.creation_rules import check_container, check_network
from macropod_server.docker_gate.refusal import Refused
from macropod_server.docker_gate.rules import recognise
from macropod_server.spawners.base import Flavor, Limits, Order
from macropod_server.spawners.docker_container import Names, network_options

from tests.docker_gate.calls import IMAGE, IMAGE_ID, NAMES, OTHER_RUN, OWNER, RUN, body_of, network, order

NAME = f"macropod-{RUN}"
LIMITS = order().limits
ORDERS = {
    "a run": order(),
    "a run of no task": order(task_id=None),
    "a run with an environment": order(environment=OTHER_RUN),
    "a packaging run": order(command="package", task_id=None),
    "a run made from the image it was claimed with": order(image=IMAGE_ID),
    "a run with data packages": order(flavor=Flavor.DATA),
    "a run with GPUs": order(limits=replace(LIMITS, gpus=2)),
    "a run on an engine that limits no CPUs": order(limits=replace(LIMITS, cpus=0)),
    "a large run": order(limits=Limits(memory_bytes=1 << 40, cpus=512, pids=4_000_000)),
}


@pytest.mark.parametrize("made", ORDERS.values(), ids=ORDERS.keys())
def test_every_container_that_the_spawner_makes_goes_through(made: Order) -> None:
    wanted = check_container(body_of(made), NAME)
    assert wanted.image == (made.image or IMAGE)
    assert (wanted.installation, wanted.network) == (OWNER, NAMES.network)


def test_the_network_that_the_spawner_makes_goes_through() -> None:
    check_network(network(Options=network_options()))


def keys(value: Any, *path: Any) -> Iterator[tuple[Any, ...]]:
    """Every place in a body where something could be left out."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*path, key)
            yield from keys(inner, *path, key)
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from keys(inner, *path, position)


PACKAGING = body_of(order(command="package"))


@pytest.mark.parametrize("path", list(keys(PACKAGING)), ids=lambda path: ".".join(map(str, path)))
def test_nothing_may_be_left_out_nothing_added_beside_it_and_nothing_be_null(path: tuple[Any, ...]) -> None:
    for spoil in (lambda place: place.pop(path[-1]), lambda place: place.update(Extra=1), _null(path[-1])):
        body = copy.deepcopy(PACKAGING)
        place = body
        for step in path[:-1]:
            place = place[step]
        spoil(place)
        with pytest.raises(Refused):
            check_container(body, NAME)


def _null(key: Any) -> Any:
    return lambda place: place.update({key: None})


def test_a_gate_for_one_installation_makes_nothing_for_another() -> None:
    check_container(body_of(order()), NAME, installation=OWNER)
    with pytest.raises(Refused, match="is for the installation other"):
        check_container(body_of(order()), NAME, installation="other")
    with pytest.raises(Refused, match="is for the installation other"):
        check_network(network(), installation="other")


def test_names_of_installations_are_no_patterns() -> None:
    body = body_of(order())
    body["Labels"]["macropod.installation"] = ".*"
    with pytest.raises(Refused):
        check_container(body, NAME)


TARGETS = {
    ("GET", "/version", ""): "/version",
    ("GET", "/v1.41/info", ""): "/v1.41/info",
    ("GET", f"/v1.41/images/{IMAGE}/json", ""): f"/v1.41/images/{IMAGE}/json",
    ("GET", "/v1.41/images/registry.example:5000/team/runner%40sha256:" + "a" * 64 + "/json", ""): (
        "/v1.41/images/registry.example:5000/team/runner%40sha256:" + "a" * 64 + "/json"
    ),
    ("POST", f"/v1.41/containers/{NAME}/stop", "t=10"): f"/v1.41/containers/{NAME}/stop?t=10",
    ("DELETE", f"/v1.41/containers/{NAME}", "v=True&link=False&force=True"): (
        f"/v1.41/containers/{NAME}?v=True&link=False&force=True"
    ),
    ("GET", "/v1.41/networks", "filters=%7B%22label%22%3A+%5B%22macropod.installation%3Dhome%22%5D%7D"): (
        "/v1.41/networks?filters=%7B%22label%22%3A+%5B%22macropod.installation%3Dhome%22%5D%7D"
    ),
}


@pytest.mark.parametrize(("asked", "target"), TARGETS.items(), ids=str)
def test_what_was_recognised_is_asked_of_the_engine_anew(asked: tuple[str, str, str], target: str) -> None:
    method, path, query = asked
    assert recognise(method, path.encode(), query.encode()).target == target


def test_a_gate_for_one_installation_lists_no_other() -> None:
    _, path, query = next(each for each in TARGETS if "filters" in each[2])
    with pytest.raises(Refused):
        recognise("GET", path.encode(), query.encode(), installation=OWNER)


def test_a_stop_may_take_its_grace_and_other_calls_no_longer_than_ever() -> None:
    path = f"/v1.41/containers/{NAME}"
    assert recognise("POST", f"{path}/stop".encode(), b"t=30").waits_seconds == 30
    assert recognise("POST", f"{path}/start".encode(), b"").waits_seconds == 0


def test_of_the_machine_only_what_the_spawner_needs_is_told() -> None:
    facts = {
        "NCPU": 8,
        "MemTotal": 1 << 34,
        "PidsLimit": True,
        "CpuCfsQuota": True,
        "Name": "db-7",
        "Labels": ["rack=4"],
        "HttpProxy": "http://user:password@proxy",
        "Runtimes": {"runc": {"path": "/usr/bin/runc"}, "nvidia": {"path": "/usr/bin/nvidia"}},
    }
    assert told(recognise("GET", b"/v1.41/info", b""), facts) == {
        "NCPU": 8,
        "MemTotal": 1 << 34,
        "PidsLimit": True,
        "CpuCfsQuota": True,
        "Runtimes": {"nvidia": {}},
    }


def test_of_what_is_held_only_the_things_of_macropod_are_told() -> None:
    other = Names("other")
    facts = {
        "Images": [{"RepoTags": ["secret:1"]}],
        "BuildCache": [{}],
        "Containers": [{"Labels": NAMES.labels}, {"Labels": {"app": "db"}}, {"Labels": other.labels}],
        "Volumes": [{"Labels": None}, {"Labels": NAMES.labels}],
    }
    call = recognise("GET", b"/v1.41/system/df", b"")
    assert told(call, facts, installation=OWNER) == {
        "Containers": [{"Labels": NAMES.labels}],
        "Volumes": [{"Labels": NAMES.labels}],
    }
    assert len(told(call, facts)["Containers"]) == 2
