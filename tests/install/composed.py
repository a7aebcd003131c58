"""compose.yaml brought up on the engine of this machine, under a project of its own and without an image registry."""

import os
import shutil
import subprocess
import time
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any

import docker
from docker.errors import APIError

ROOT = Path(__file__).parents[2]
OVERRIDE = Path(__file__).with_name("override.yaml")
SECRETS = ("POSTGRES_PASSWORD", "S3_ACCESS_KEY", "S3_SECRET_KEY", "MACROPOD_SECRET_KEY")


def compose_command() -> list[str] | None:
    """Whichever there is: the plugin of the Docker client, or the program of its own."""
    with suppress(OSError, subprocess.CalledProcessError):
        subprocess.run(["docker", "compose", "version"], check=True, capture_output=True)
        return ["docker", "compose"]
    found = shutil.which("docker-compose")
    return [found] if found else None


class Composed:
    """Inside the `with` block; at its end nothing that was made in it is left."""

    def __init__(self, command: list[str], *, access_key: str, secret_key: str) -> None:
        self.project = f"macropodtest{uuid.uuid4().hex[:8]}"
        files = ["-f", str(ROOT / "compose.yaml"), "-f", str(OVERRIDE)]
        self._command = [*command, "-p", self.project, *files]
        self._docker = docker.from_env()
        known = {"S3_ACCESS_KEY": access_key, "S3_SECRET_KEY": secret_key}
        secrets = {name: uuid.uuid4().hex * 2 for name in SECRETS} | known
        group = str(Path("/var/run/docker.sock").stat().st_gid)
        self._environ = {**os.environ, **secrets, "DOCKER_GROUP": group, "DOCKER_SOCKET": "/var/run/docker.sock"}

    def __enter__(self) -> "Composed":
        return self

    def __exit__(self, *exc: object) -> None:
        self.run("down", "--volumes", "--timeout", "20")
        self._docker.close()

    def run(self, *words: str) -> str:
        done = subprocess.run(
            [*self._command, *words], cwd=ROOT, env=self._environ, capture_output=True, text=True, timeout=240
        )
        assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def look(self, service: str) -> dict[str, Any]:
        """What the engine says of the container of this service."""
        labels = [f"com.docker.compose.project={self.project}", f"com.docker.compose.service={service}"]
        (found,) = self._docker.containers.list(all=True, filters={"label": labels})
        facts: dict[str, Any] = found.attrs
        return facts

    def await_health(self, service: str) -> None:
        patience = time.monotonic() + 120
        while (health := self.look(service)["State"]["Health"])["Status"] != "healthy":
            assert time.monotonic() < patience, f"{health}\n{self.run('logs', service)}"
            time.sleep(0.5)

    def remove_installation(self, installation_id: str) -> None:
        """What runs leave on purpose: their network, and what they share."""
        mark = {"label": f"macropod.installation={installation_id}"}
        for container in self._docker.containers.list(all=True, filters=mark):
            container.remove(force=True)
        for thing in [*self._docker.volumes.list(filters=mark), *self._docker.networks.list(filters=mark)]:
            with suppress(APIError):
                thing.remove()
