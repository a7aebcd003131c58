"""The environment of runs without requirements: an empty venv that finds the SDK."""

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from macropod_server.spawners.base import CouldNotStart

_DATA_PACKAGES = (
    "import sys; from os import environ; more = environ.get('MACROPOD_DATA_PACKAGES'); "
    "more and more not in sys.path and sys.path.append(more)"
)
"""What a run of flavor `data` has besides comes last. Environments with requirements say the same."""


def make_bare_environment(environments: Path, *, python: Path, sdk: Path, uv: Path) -> Path:
    """The bare environment for this Python, made at the first call. Raises `CouldNotStart`."""
    path = f"{sdk}\n{_DATA_PACKAGES}\n"
    digest = hashlib.sha256(f"{python.resolve()} {path}".encode()).hexdigest()[:16]
    environment = environments / f"bare-{digest}"
    if environment.is_dir():
        return environment
    environments.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=environments, prefix=".bare-") as aside:
        made = _make_venv(Path(aside) / "venv", python=python, uv=uv)
        for site_packages in made.glob("lib/python*/site-packages"):
            (site_packages / "macropod-sdk.pth").write_text(path)
        _move(made, environment)
    return environment


def _make_venv(folder: Path, *, python: Path, uv: Path) -> Path:
    options = ["--relocatable", "--offline", "--no-config", "--no-cache", "--quiet"]
    command = [str(uv), "venv", *options, "--python", str(python), str(folder)]
    done = subprocess.run(command, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CouldNotStart(f"uv could not make an environment for {python}: {done.stderr.strip()}")
    return folder


def _move(made: Path, environment: Path) -> None:
    try:
        made.rename(environment)
    except OSError:
        # Another server on this data folder was first.
        if not environment.is_dir():
            raise
        shutil.rmtree(made)
