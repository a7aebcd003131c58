"""What a container or network may be that is made through the gate: each key, and for each what it may be. No I/O.

Nothing may be left out, for what a key leaves out the engine chooses; and nothing may be added, whatever it means.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from macropod_server.docker_gate.refusal import Refused
from macropod_server.docker_gate.rules import ID, IMAGE, INSTALLATION, INSTALLATION_LABEL, RUN_LABEL, TASK_LABEL
from macropod_server.docker_gate.strict_json import are_the_same

Test = Callable[[Any], bool]

_ENVIRON = {
    "MACROPOD_RUNNER_URL",
    "MACROPOD_RUNNER_TOKEN",
    "MACROPOD_RUN_ID",
    "MACROPOD_RUNNER_COMMAND",
    "MACROPOD_RUNNER_HOME",
    "MACROPOD_RUNNER_SPOOL",
    "MACROPOD_RUNNER_ENVIRONMENT",
    "MACROPOD_RUNNER_SDK",
    "MACROPOD_RUNNER_UV",
    "MACROPOD_RUNNER_CACHE",
    "MACROPOD_RUNNER_DATA",
    "TMPDIR",
}
_BRIDGE_OPTIONS = {"com.docker.network.bridge.enable_icc": "false"}
_LARGEST = 2**63 - 1


@dataclass(frozen=True)
class Wanted:
    """What a create call asks for, as far as the engine has to be asked about it."""

    installation: str
    image: str
    network: str


def check_container(body: Any, name: str, *, installation: str = "") -> Wanted:
    """`name` is the one in the query. Raises `Refused` naming the first key that is not as it must be."""
    labels = body.get("Labels") if isinstance(body, dict) else None
    owner, run_id = _owner(labels, installation), _label(labels, RUN_LABEL, ID)
    if name != f"macropod-{run_id}":
        raise Refused(f"The container of the run {run_id} is to be called macropod-{run_id}.")
    _check(body, _container_keys(), where="")
    _check(body["HostConfig"], _host_keys(owner, run_id, body["HostConfig"]), where="HostConfig.")
    return Wanted(owner, body["Image"], body["HostConfig"]["NetworkMode"])


def check_network(body: Any, *, installation: str = "") -> None:
    """Raises `Refused`."""
    owner = _owner(body.get("Labels") if isinstance(body, dict) else None, installation)
    expected = {
        "Name": _equals(f"macropod-{owner}"),
        "Driver": _equals("bridge"),
        "Options": _equals(_BRIDGE_OPTIONS),
        "CheckDuplicate": _equals(True),
        "Labels": _equals({INSTALLATION_LABEL: owner}),
    }
    _check(body, expected, where="")


def _owner(labels: Any, installation: str) -> str:
    owner = _label(labels, INSTALLATION_LABEL, INSTALLATION)
    if installation not in ("", owner):
        raise Refused(f"This gate is for the installation {installation}, not for {owner}.")
    return owner


def _label(labels: Any, name: str, pattern: str) -> str:
    value = labels.get(name) if isinstance(labels, dict) else None
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        raise Refused(f"What is made through this gate has the label {name} of Macropod.")
    return value


def _check(given: Any, expected: Mapping[str, Test], *, where: str) -> None:
    if not isinstance(given, dict):
        raise Refused(f"{where.rstrip('.') or 'The body'} is to be an object.")
    for key in given.keys() - expected.keys():
        raise Refused(f"A container or network is made through this gate without {where}{ascii(key[:60])[1:-1]}.")
    for key, holds in expected.items():
        if key not in given:
            raise Refused(f"A container or network is made through this gate with {where}{key}.")
        if not holds(given[key]):
            raise Refused(f"{where}{key} is not what this gate lets through.")


def _container_keys() -> dict[str, Test]:
    return {
        "Image": lambda value: _is_text(value, IMAGE),
        "User": _equals("10001:10001"),
        "WorkingDir": _equals("/home/jovyan"),
        "Env": _is_environ,
        "Labels": lambda value: (
            value.keys() == {INSTALLATION_LABEL, RUN_LABEL, TASK_LABEL} and _is_text(value[TASK_LABEL], f"(?:{ID})?")
        ),
        "HostConfig": lambda value: isinstance(value, dict),
    }


def _host_keys(owner: str, run_id: str, given: Any) -> dict[str, Test]:
    return {
        "ReadonlyRootfs": _equals(True),
        "CapDrop": _equals(["ALL"]),
        "SecurityOpt": _equals(["no-new-privileges:true"]),
        "Privileged": _equals(False),
        "IpcMode": _equals("private"),
        "NetworkMode": _equals(f"macropod-{owner}"),
        "Memory": _is_number(least=1),
        "MemorySwap": _equals(given.get("Memory")),
        "NanoCpus": _is_number(least=0),
        "PidsLimit": _is_number(least=1),
        "DeviceRequests": _is_no_device_but_gpus,
        "Ulimits": _equals(
            [{"Name": "nofile", "Soft": 16_384, "Hard": 16_384}, {"Name": "core", "Soft": 0, "Hard": 0}]
        ),
        "Mounts": lambda value: _are_volumes(value, owner, run_id),
        "Tmpfs": _equals({"/tmp": f"rw,exec,nosuid,nodev,mode=1777,size={1024**3}"}),
        "LogConfig": _equals({"Type": "json-file", "Config": {"max-size": "10m", "max-file": "1"}}),
        "RestartPolicy": _equals({"Name": "no"}),
    }


def _equals(expected: Any) -> Test:
    return lambda value: are_the_same(value, expected)


def _is_number(*, least: int) -> Test:
    return lambda value: type(value) is int and least <= value <= _LARGEST


def _is_text(value: Any, pattern: str) -> bool:
    return isinstance(value, str) and re.fullmatch(pattern, value) is not None


def _is_environ(value: Any) -> bool:
    """What the runner is told, each once."""
    if not isinstance(value, list) or not all(isinstance(each, str) and "=" in each for each in value):
        return False
    names = [each.partition("=")[0] for each in value]
    return len(set(names)) == len(names) and set(names) <= _ENVIRON


def _is_no_device_but_gpus(value: Any) -> bool:
    if value == []:
        return True
    gpus = value[0].get("Count") if isinstance(value, list) and isinstance(value[0], dict) else None
    wanted = [{"Driver": "nvidia", "Count": gpus, "Capabilities": [["gpu"]]}]
    return _is_number(least=1)(gpus) and are_the_same(value, wanted)


def _are_volumes(value: Any, owner: str, run_id: str) -> bool:
    """Named volumes of this installation, each in its place, and nothing of the machine."""
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        return False
    places = [each.get("Target") for each in value]
    has_no_doubles = len({str(each) for each in places}) == len(places)
    return has_no_doubles and all(any(_is_mount(each, *kind) for kind in _mounts(owner, run_id)) for each in value)


def _mounts(owner: str, run_id: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Target, the pattern of the volume's name, and what else is said of the mount."""
    prefix = f"macropod-{owner}"
    writable = {"VolumeOptions": {"Labels": {INSTALLATION_LABEL: owner}}}
    yield "/home", f"{prefix}-home-{run_id}", writable
    yield "/opt/macropod/environment", f"{prefix}-env-{run_id}", writable
    yield "/opt/macropod/environment", f"{prefix}-env-{ID}", {"ReadOnly": True}
    yield "/opt/macropod/cache", f"{prefix}-cache-[0-9]{{1,18}}", writable


def _is_mount(given: dict[str, Any], target: str, volume: str, more: dict[str, Any]) -> bool:
    expected = {"Type": "volume", "Source": given.get("Source"), "Target": target} | more
    return _is_text(given.get("Source"), volume) and are_the_same(given, expected)
