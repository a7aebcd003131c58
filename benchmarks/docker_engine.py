"""The Docker Engine by its command line: whether it is there, a bare run, and what a server left."""

import subprocess
from collections.abc import Sequence

from benchmarks.bare import Command
from benchmarks.server import ROOT

IMAGE = "macropod-runner:0.1.0"
_PYTHON = "/opt/macropod/bare/bin/python"
_ANSWER_SECONDS = 10


def missing() -> str | None:
    """Why nothing can be measured with Docker here; None when all is there."""
    try:
        found = _docker("image", "inspect", "--format", "{{.Id}}", IMAGE)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"not measured, no Docker Engine answers: {error}"
    if found.returncode != 0:
        return f"not measured: {found.stderr.strip()}; `make runner-image` builds the image"
    return None


def bare_run(source: str) -> Command:
    words = ("docker", "run", "--rm", "--entrypoint", _PYTHON, IMAGE, "-c", source)
    return Command(words, ROOT)


def remove_all(installation_id: str) -> None:
    """Containers, volumes and the network a server made."""
    label = ("--filter", f"label=macropod.installation={installation_id}", "--quiet")
    _remove(("rm", "--force", "--volumes"), _docker("ps", "--all", *label))
    _remove(("volume", "rm", "--force"), _docker("volume", "ls", *label))
    _remove(("network", "rm"), _docker("network", "ls", *label))


def _remove(command: Sequence[str], listed: subprocess.CompletedProcess[str]) -> None:
    if names := listed.stdout.split():
        _docker(*command, *names)


def _docker(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(("docker", *words), capture_output=True, text=True, timeout=_ANSWER_SECONDS, check=False)
