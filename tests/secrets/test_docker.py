"""What an engine tells of a container, while it runs and after it has ended, has no planted value in it."""

import json
import os
import time
from contextlib import closing

import docker
import pytest
from macropod_server.spawners.docker import docker_answers

from tests.builders import a_zip
from tests.live_server import LiveServer
from tests.secrets.planted import PRINTING, found_in, planted

pytestmark = pytest.mark.docker
IMAGE = os.environ.get("MACROPOD_TEST_RUNNER_IMAGE", "macropod-runner:0.1.0")
VALUES = planted(4)
MAIN = (
    PRINTING
    + """
import subprocess
print("mounted", subprocess.run(["stat", "-f", "-c", "%T", folder], capture_output=True, text=True).stdout.strip())
import time
print("waiting", flush=True)
time.sleep(600)
"""
)


@pytest.fixture
def engine():
    if missing := docker_answers(IMAGE):
        if os.environ.get("MACROPOD_TEST_REQUIRE_DOCKER") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    with closing(docker.from_env()) as client:
        yield client


@pytest.fixture
def server(engine, tmp_path):
    with LiveServer(tmp_path, spawner="docker", runner_image=IMAGE, grace_seconds=1) as running:
        yield running
        for task in running.client.list_tasks():
            task.kill()
        until = time.monotonic() + 60
        while containers(engine, running) and time.monotonic() < until:
            time.sleep(0.2)


def containers(engine, server):
    installation = (server.data_dir / "installation").read_text()
    return engine.containers.list(all=True, filters={"label": f"macropod.installation={installation}"})


def told_of(container):
    """Inspection, arguments of processes, and what it wrote itself."""
    told = json.dumps(container.attrs).encode() + container.logs()
    return told + json.dumps(container.top()).encode() if container.status == "running" else told


def test_neither_a_running_nor_a_stopped_container_tells_a_value(server, engine):
    client = server.client
    for name, value in zip("abc", VALUES[:3], strict=True):
        client.set_secret(name, value)
    details = {"password": {"secret": "c"}, "nested": {"token": VALUES[3]}}
    client.create_connection("warehouse", "planted", details)
    task = client.upload_orchestration(bytes_buffer=a_zip({"main.py": MAIN}), name="planted").run_once(
        "planted", {"connections": ["warehouse"]}, secrets={"PLANTED_A": "a"}, secret_files=["b"]
    )
    (run,) = task.last_runs()
    until = time.monotonic() + 120
    while "waiting" not in (texts := [each.text for each in run.logs()]):
        assert time.monotonic() < until, (run.refresh(), texts[-5:])
        time.sleep(0.2)
    assert "values 4" in texts
    assert "mounted tmpfs" in texts
    assert found_in("\n".join(texts).encode(), VALUES) == []
    (container,) = containers(engine, server)
    assert b"values 4" in container.logs()
    assert found_in(told_of(container), VALUES) == []
    container.kill()
    container.reload()
    assert found_in(told_of(container), VALUES) == []
