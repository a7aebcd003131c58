"""compose.yaml keeps our rules for what is installed, and a Compose that is there takes it."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.install.composed import ROOT, SECRETS, compose_command

FILE = ROOT / "compose.yaml"
COMPOSE: dict[str, Any] = yaml.safe_load(FILE.read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ONE_SHOT = {"migrate", "bucket"}
OURS = {"server", "server-2", "gate", "migrate"}
EVERY = pytest.mark.parametrize("name", SERVICES)


@EVERY
def test_every_service_is_confined(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service.get("cap_add", []) == (["NET_BIND_SERVICE"] if name == "proxy" else [])
    assert not {"privileged", "network_mode", "pid", "ipc", "devices", "userns_mode"} & service.keys()


@EVERY
def test_every_service_has_limits(name: str) -> None:
    assert {"mem_limit", "pids_limit", "logging"} <= SERVICES[name].keys()


@EVERY
def test_every_service_comes_up_again_and_shows_its_health(name: str) -> None:
    if name in ONE_SHOT:
        assert SERVICES[name]["restart"] == "on-failure"
    else:
        assert SERVICES[name]["restart"] == "unless-stopped"
        assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"


@EVERY
def test_every_image_is_pinned_and_ours_are_asked_of_no_registry(name: str) -> None:
    _, _, tag = SERVICES[name]["image"].rpartition(":")
    assert re.fullmatch(r"v?\d+(\.\d+)+", tag)
    assert (SERVICES[name].get("pull_policy") == "never") == (name in OURS)


@EVERY
def test_the_engine_s_socket_and_folders_of_the_machine_stay_outside(name: str) -> None:
    mounts = [volume.rpartition(":")[0] if volume.endswith(":ro") else volume for volume in _volumes(name)]
    sources = {mount.rpartition(":")[0] for mount in mounts}
    allowed = {"gate": "${DOCKER_SOCKET:-/var/run/docker.sock}", "proxy": "./deploy/compose/Caddyfile"}
    assert sources - set(COMPOSE["volumes"]) == ({allowed[name]} if name in allowed else set())


def _volumes(name: str) -> list[str]:
    return list(SERVICES[name].get("volumes", []))


@EVERY
def test_ports_of_the_machine_lead_to_the_proxy_only(name: str) -> None:
    ports = SERVICES[name].get("ports", [])
    assert (ports != []) == (name == "proxy")
    assert all(not port.startswith(("0.0.0.0", "8")) for port in ports)


def test_networks_join_those_only_that_have_to_talk() -> None:
    members = {
        network: {name for name in SERVICES if network in SERVICES[name]["networks"]} for network in COMPOSE["networks"]
    }
    assert members == {
        "front": {"proxy", "server", "server-2"},
        "database": {"server", "server-2", "migrate", "postgres"},
        "storage": {"server", "server-2", "bucket", "s3"},
        "gate": {"server", "server-2", "gate"},
    }
    assert [name for name, network in COMPOSE["networks"].items() if not network.get("internal")] == ["front"]


def test_no_secret_stands_in_the_file_and_none_has_a_default() -> None:
    text = FILE.read_text()
    for name in SECRETS:
        uses = re.findall(rf"\$\{{?{name}[^}}]*\}}?", text)
        assert uses
        assert set(uses) == {f"${{{name}:?run make compose-env}}"}
    told = re.findall(r"^ +\S*(?:PASSWORD|SECRET|TOKEN|ACCESS_KEY)\S*: (.+)$", text, re.MULTILINE)
    assert all(value.startswith("${") for value in told)


def test_the_runs_address_is_the_gateway_of_the_network_it_is_published_on() -> None:
    (config,) = COMPOSE["networks"]["front"]["ipam"]["config"]
    address = config["gateway"]
    assert f"{address}:8086:8086" in SERVICES["proxy"]["ports"]
    assert f"http://{address}:8086" in SERVICES["server"]["environment"]["MACROPOD_RUNNER_URL"]


def test_a_server_that_is_going_drains_for_longer_than_the_proxy_takes_to_see_it() -> None:
    interval, timeout = (
        int(found)
        for found in re.findall(r"health_(?:interval|timeout) (\d+)s", (ROOT / "deploy/compose/Caddyfile").read_text())
    )
    drain = SERVICES["server"]["environment"]["MACROPOD_DRAIN_SECONDS"]
    assert interval + timeout < drain < int(SERVICES["server"]["stop_grace_period"].rstrip("s"))


def test_a_proxy_to_the_web_does_not_come_between_what_is_in_the_file() -> None:
    assert {"gate", "postgres", "s3", "127.0.0.1"} <= set(SERVICES["server"]["environment"]["NO_PROXY"].split(","))
    tests = [" ".join(each["healthcheck"]["test"]) for each in SERVICES.values() if "healthcheck" in each]
    assert all("ProxyHandler({})" in test for test in tests if "urllib" in test)


def compose_config(empty: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    command = compose_command()
    if command is None:
        message = "There is neither `docker compose` nor `docker-compose`."
        if os.environ.get("MACROPOD_TEST_REQUIRE_DOCKER") == "1":
            pytest.fail(message)
        pytest.skip(message)
    empty.touch()
    environ = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **variables}
    words = [*command, "--env-file", str(empty), "-f", str(FILE), "config", "--quiet"]
    return subprocess.run(words, cwd=ROOT, env=environ, capture_output=True, text=True)


VALUES = dict.fromkeys(SECRETS, "x" * 32) | {"DOCKER_GROUP": "999"}


def test_a_compose_takes_the_file(tmp_path: Path) -> None:
    done = compose_config(tmp_path / "empty", **VALUES)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", VALUES)
def test_without_a_secret_nothing_comes_up_and_the_verb_that_makes_it_is_named(name: str, tmp_path: Path) -> None:
    done = compose_config(tmp_path / "empty", **{each: value for each, value in VALUES.items() if each != name})
    assert done.returncode != 0
    assert "run make compose-env" in done.stderr


def test_the_image_runs_as_nobody_of_this_machine_and_says_how_it_is() -> None:
    dockerfile = Path(ROOT / "server" / "Dockerfile").read_text()
    assert "USER 10002:10002" in dockerfile
    assert "HEALTHCHECK" in dockerfile
    assert 'ENTRYPOINT ["macropod-server"]' in dockerfile
