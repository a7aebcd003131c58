"""The Docker Engine as seen from outside the server: through its command line, never through the server's adapter."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_LABEL = "macropod.installation"
_RUN = "macropod.run"


def answers() -> bool:
    return subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0


@contextmanager
def own_network(name: str) -> Iterator[str]:
    """Gives the address of this machine on a network made for it: containers reach it, the world does not.

    The engine's default bridge will not do: another engine on the machine may take it away.
    """
    subprocess.run(["docker", "network", "create", name], capture_output=True, check=True)
    try:
        [network] = _json("network", "inspect", name)
        config: list[dict[str, str]] = network["IPAM"]["Config"]
        yield config[0]["Gateway"]
    finally:
        subprocess.run(["docker", "network", "rm", name], capture_output=True, check=False)


def containers(installation_id: str) -> list[str]:
    """Run ids of every container of this installation, running or not."""
    format_ = '{{.Label "' + _RUN + '"}}'
    return _lines("ps", "--all", "--filter", f"label={_LABEL}={installation_id}", "--format", format_)


def volumes(installation_id: str) -> list[str]:
    return _lines("volume", "ls", "--filter", f"label={_LABEL}={installation_id}", "--format", "{{.Name}}")


def remove_everything_of(installation_id: str) -> None:
    """Its containers, volumes and network."""
    label = f"label={_LABEL}={installation_id}"
    for kind in ("container", "volume", "network"):
        everything = ["--all"] if kind == "container" else []
        if ids := _lines(kind, "ls", *everything, "--quiet", "--filter", label):
            force = ["--force"] if kind != "network" else []
            subprocess.run(["docker", kind, "rm", *force, *ids], capture_output=True, check=False)


def _lines(*words: str) -> list[str]:
    done = subprocess.run(["docker", *words], capture_output=True, text=True, check=True)
    return [line for line in done.stdout.splitlines() if line]


def _json(*words: str) -> list[dict[str, Any]]:
    done = subprocess.run(["docker", *words], capture_output=True, text=True, check=True)
    parsed: list[dict[str, Any]] = json.loads(done.stdout)
    return parsed
