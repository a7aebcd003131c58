"""Calls that would give a server the machine, and their like: refused with a sentence, none comes to the engine."""

import json
from typing import Any

import pytest

from tests.docker_gate.calls import (
    CREATE,
    IMAGE,
    LABELS,
    NAMES,
    OTHER_RUN,
    OWNER,
    RUN,
    Caller,
    body_of,
    container,
    network,
    order,
)
from tests.fakes.recording_engine import RecordingEngine

MINE = f"/v1.41/containers/macropod-{RUN}"
SOUND = body_of(order())


def mount(**changes: Any) -> dict[str, Any]:
    return container("HostConfig", "Mounts", 0, to={**SOUND["HostConfig"]["Mounts"][0], **changes})


CALLS = {
    "no engine call at all": ("GET", "/"),
    "running a program in a container": ("POST", f"{MINE}/exec"),
    "starting that program": ("POST", f"/v1.41/exec/{RUN}/start"),
    "attaching": ("POST", f"{MINE}/attach?stream=1"),
    "attaching by web socket": ("GET", f"{MINE}/attach/ws"),
    "reading files of a container": ("GET", f"{MINE}/archive?path=/"),
    "writing files into it": ("PUT", f"{MINE}/archive?path=/"),
    "exporting it": ("GET", f"{MINE}/export"),
    "changing its limits": ("POST", f"{MINE}/update"),
    "renaming it": ("POST", f"{MINE}/rename?name=x"),
    "making an image of it": ("POST", f"/v1.41/commit?container=macropod-{RUN}"),
    "pulling an image": ("POST", "/v1.41/images/create?fromImage=alpine"),
    "loading an image": ("POST", "/v1.41/images/load"),
    "building an image": ("POST", "/v1.41/build"),
    "building by a session": ("POST", "/v1.41/session"),
    "removing an image": ("DELETE", f"/v1.41/images/{IMAGE}"),
    "tagging an image": ("POST", f"/v1.41/images/{IMAGE}/tag?repo=x"),
    "listing all images": ("GET", "/v1.41/images/json"),
    "making a volume": ("POST", "/v1.41/volumes/create"),
    "removing all volumes": ("POST", "/v1.41/volumes/prune"),
    "connecting to a network": ("POST", f"/v1.41/networks/{NAMES.network}/connect"),
    "removing a network": ("DELETE", f"/v1.41/networks/{NAMES.network}"),
    "installing a plugin": ("POST", "/v1.41/plugins/pull?remote=x"),
    "beginning a swarm": ("POST", "/v1.41/swarm/init"),
    "reading secrets of a swarm": ("GET", "/v1.41/secrets"),
    "following all events": ("GET", "/v1.41/events"),
    "listing all containers": ("GET", "/v1.41/containers/json?all=1"),
    "listing by another label": ("GET", '/v1.41/containers/json?filters={"label":["com.docker.compose.project"]}'),
    "listing by a second filter": (
        "GET",
        f'/v1.41/volumes?filters={{"label":["macropod.installation={OWNER}"],"dangling":["true"]}}',
    ),
    "a container with another name": ("GET", "/v1.41/containers/macropod-postgres-1/json"),
    "a container by its id": ("POST", f"/v1.41/containers/{'a' * 64}/stop"),
    "a container by the beginning of its id": ("DELETE", "/v1.41/containers/abc?force=1"),
    "a volume with another name": ("DELETE", "/v1.41/volumes/macropod_postgres"),
    "a volume that is no part of Macropod": ("DELETE", f"/v1.41/volumes/macropod-{OWNER}-data"),
    "another network": ("GET", "/v1.41/networks/host"),
    "removing with its links": ("DELETE", f"{MINE}?link=1&force=1"),
    "logs without an end": ("GET", f"{MINE}/logs?stdout=1&follow=1&tail=5"),
    "an unknown word in the query": ("POST", f"{MINE}/start?detachKeys=x"),
    "one word of the query twice": ("POST", f"{MINE}/stop?t=1&t=2"),
    "a second question mark": ("POST", f"{MINE}/stop?t=1?t=2"),
    "a semicolon in the query": ("POST", f"{MINE}/stop?t=1;signal=9"),
    "a method in lower case": ("get", "/version"),
    "a method nobody knows": ("CONNECT", "/version"),
    "two slashes": ("GET", "//version"),
    "two slashes after the version": ("GET", f"/v1.41//containers/macropod-{RUN}/json"),
    "a way back up": ("GET", f"{MINE}/../../images/json"),
    "a way back up in the name of an image": ("GET", "/v1.41/images/a/../../containers/json"),
    "an encoded slash": ("GET", f"/v1.41/containers%2Fmacropod-{RUN}/json"),
    "an encoded way back up": ("GET", "/v1.41/images/a/%2e%2e/%2e%2e/containers/json"),
    "an encoded letter": ("GET", "/v1.41/inf%6F"),
    "a double encoding": ("GET", "/v1.41/inf%256F"),
    "an encoded NUL": ("GET", f"/v1.41/containers/macropod-{RUN}%00/json"),
    "upper case": ("GET", "/v1.41/INFO"),
    "upper case in the name": ("GET", f"/v1.41/containers/MACROPOD-{RUN}/json"),
    "a slash at the end": ("POST", f"{MINE}/start/"),
    "a version of its own": ("GET", "/v9.99/info"),
    "two versions": ("GET", "/v1.41/v1.41/info"),
    "an address with a host": ("GET", "http://elsewhere/v1.41/info"),
    "a backslash": ("GET", f"/v1.41/containers/x\\macropod-{RUN}/json"),
}


def check_refused(engine: RecordingEngine, status: int, answer: Any) -> None:
    assert status == 403, answer
    assert list(answer) == ["message"]
    assert answer["message"].endswith(".")
    assert engine.asked == []


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_a_call_that_the_spawner_does_not_make_goes_no_further(
    engine: RecordingEngine, caller: Caller, call: tuple[str, str]
) -> None:
    check_refused(engine, *caller.call(*call))


HOST = "HostConfig"
CONTAINERS = {
    "privileged": container(HOST, "Privileged", to=True),
    "privileged, as a number": container(HOST, "Privileged", to=0),
    "a capability added": container(HOST, "CapAdd", to=["SYS_ADMIN"]),
    "capabilities kept": container(HOST, "CapDrop", to=["NET_RAW"]),
    "capabilities not spoken of": container(HOST, "CapDrop", to=...),
    "a folder of the machine": container(HOST, "Binds", to=["/:/host"]),
    "a bind mount": mount(Type="bind", Source="/"),
    "a volume that is a path": mount(Source="/etc"),
    "a volume with a driver": mount(VolumeOptions={"DriverConfig": {"Options": {"device": "/", "o": "bind"}}}),
    "a volume with a driver beside its labels": mount(
        VolumeOptions={"Labels": NAMES.labels, "DriverConfig": {"Name": "local"}}
    ),
    "a volume of compose": mount(Source="macropod_postgres"),
    "a volume of another installation": mount(Source=f"macropod-other-home-{RUN}"),
    "the home of another run": mount(Source=NAMES.home(OTHER_RUN)),
    "the environment of another run, writable": mount(
        Source=NAMES.environment(OTHER_RUN), Target="/opt/macropod/environment"
    ),
    "a volume over another place": mount(Target="/opt/macropod/runner"),
    "a volume in two places": container(HOST, "Mounts", to=SOUND[HOST]["Mounts"] * 2),
    "an option of a mount": mount(BindOptions={"Propagation": "rshared"}),
    "mounts that are none": container(HOST, "Mounts", to={"Type": "volume"}),
    "volumes of another container": container(HOST, "VolumesFrom", to=["macropod-postgres-1"]),
    "the network of the machine": container(HOST, "NetworkMode", to="host"),
    "the network of another container": container(HOST, "NetworkMode", to=f"container:macropod-{RUN}"),
    "a network of compose": container(HOST, "NetworkMode", to="macropod_database"),
    "one more network": container("NetworkingConfig", to={"EndpointsConfig": {"macropod_gate": {}}}),
    "processes of the machine": container(HOST, "PidMode", to="host"),
    "shared memory of the machine": container(HOST, "IpcMode", to="host"),
    "the name of the machine": container(HOST, "UTSMode", to="host"),
    "users of the machine": container(HOST, "UsernsMode", to="host"),
    "a device": container(HOST, "Devices", to=[{"PathOnHost": "/dev/sda", "PathInContainer": "/dev/sda"}]),
    "a rule for devices": container(HOST, "DeviceCgroupRules", to=["a *:* rwm"]),
    "a device by request": container(
        HOST, "DeviceRequests", to=[{"Driver": "cdi", "Count": 1, "Capabilities": [["gpu"]]}]
    ),
    "all GPUs": container(HOST, "DeviceRequests", to=[{"Driver": "nvidia", "Count": -1, "Capabilities": [["gpu"]]}]),
    "no profile of system calls": container(HOST, "SecurityOpt", to=["seccomp=unconfined"]),
    "one more security option": container(HOST, "SecurityOpt", to=["no-new-privileges:true", "apparmor=unconfined"]),
    "a writable root": container(HOST, "ReadonlyRootfs", to=False),
    "a root not spoken of": container(HOST, "ReadonlyRootfs", to=...),
    "memory without end": container(HOST, "Memory", to=0),
    "swap": container(HOST, "MemorySwap", to=-1),
    "processes without end": container(HOST, "PidsLimit", to=0),
    "processes as a text": container(HOST, "PidsLimit", to="64"),
    "a number that is none": container(HOST, "NanoCpus", to=1.5),
    "a runtime": container(HOST, "Runtime", to="io.containerd.runc.v2"),
    "a parent in the control groups": container(HOST, "CgroupParent", to="/"),
    "settings of the kernel": container(HOST, "Sysctls", to={"kernel.shm_rmid_forced": "0"}),
    "a port of the machine": container(HOST, "PortBindings", to={"22/tcp": [{"HostPort": "22"}]}),
    "a temporary folder elsewhere": container(HOST, "Tmpfs", to={"/opt": "rw"}),
    "another log": container(HOST, "LogConfig", to={"Type": "syslog", "Config": {"syslog-address": "tcp://x"}}),
    "a restart for ever": container(HOST, "RestartPolicy", to={"Name": "always"}),
    "a key in another case": container(HOST, "privileged", to=True),
    "the host config in another case": container("hostconfig", to={"Privileged": True}),
    "no host config": container(HOST, to=...),
    "a host config that is none": container(HOST, to=[]),
    "root": container("User", to="0:0"),
    "another program": container("Entrypoint", to=["/bin/sh"]),
    "other words for the program": container("Cmd", to=["-c", "id"]),
    "a check of its health": container("Healthcheck", to={"Test": ["CMD", "id"]}),
    "another folder": container("WorkingDir", to="/"),
    "a variable of its own": container("Env", to=["LD_PRELOAD=/home/jovyan/x.so"]),
    "a variable without a value": container("Env", to=["MACROPOD_RUN_ID"]),
    "no labels": container("Labels", to=...),
    "labels of another program": container("Labels", to={"com.docker.compose.project": "macropod"}),
    "one more label": container("Labels", "com.docker.compose.project", to="macropod"),
    "a name that is not its label's": container("Labels", to={**LABELS, "macropod.run": OTHER_RUN}),
    "an image that is a path": container("Image", to="../containers"),
    "a list for a body": [SOUND],
    "nothing for a body": b"",
    "no JSON": b"{",
    "a key twice": json.dumps(SOUND).encode()[:-1] + b', "User": "10001:10001"}',
    "no number": json.dumps(SOUND).replace("268435456", "NaN").encode(),
    "letters that are none": json.dumps(SOUND).encode().replace(b"a token", b"\xff"),
    "a body without a bottom": b"[" * 60_000,
    "a body without an end": json.dumps(container("Env", to=["TMPDIR=" + "x" * 70_000])).encode(),
}


@pytest.mark.parametrize("body", CONTAINERS.values(), ids=CONTAINERS.keys())
def test_a_container_that_the_spawner_does_not_make_is_not_made(
    engine: RecordingEngine, caller: Caller, body: Any
) -> None:
    check_refused(engine, *caller.call("POST", CREATE, body))


NETWORKS = {
    "the driver of the machine": network(Driver="host"),
    "a driver onto the machine's card": network(Driver="macvlan"),
    "containers that see each other": network(Options={}),
    "an option more": network(Options={"com.docker.network.bridge.name": "docker0"}),
    "another name": network(Name="macropod_database"),
    "addresses of its own": network(IPAM={"Config": [{"Subnet": "10.0.0.0/8"}]}),
    "attachable": network(Attachable=True),
    "no label": network(Labels={}),
}


@pytest.mark.parametrize("body", NETWORKS.values(), ids=NETWORKS.keys())
def test_a_network_that_the_spawner_does_not_make_is_not_made(
    engine: RecordingEngine, caller: Caller, body: Any
) -> None:
    check_refused(engine, *caller.call("POST", "/v1.41/networks/create", body))


@pytest.mark.parametrize("target", ["/v1.41/containers/create", f"{CREATE}&platform=x", f"{CREATE}0"])
def test_a_container_has_the_name_of_its_run_and_nothing_else(
    engine: RecordingEngine, caller: Caller, target: str
) -> None:
    check_refused(engine, *caller.call("POST", target, SOUND))


def test_a_body_where_none_belongs_goes_no_further(engine: RecordingEngine, caller: Caller) -> None:
    check_refused(engine, *caller.call("POST", f"{MINE}/start", {"HostConfig": {"Privileged": True}}))


def test_a_head_is_refused_without_a_word(engine: RecordingEngine, caller: Caller) -> None:
    assert caller.call("HEAD", "/v1.41/info") == (403, b"")
    assert engine.asked == []
