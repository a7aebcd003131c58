"""The folder of packages that runs of flavor `data` find besides their requirements, for the process spawner."""

import hashlib
import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from uv import find_uv_bin

from macropod_server.domain.errors import Unavailable
from macropod_server.spawners.base import CouldNotStart

LOCKED = Path(__file__).with_name("data_packages.txt")
"""Every version and hash, for each Python and platform."""


def installed(folder: Path) -> str:
    """The folder a link of this name leads to: what is installed later does not take its place in runs under way."""
    if not folder.is_dir():
        raise CouldNotStart(
            f"The data packages are not installed for the process spawner: there is no folder {folder}. Install them "
            "with `macropod-server install-data-packages`."
        )
    return str(folder.resolve())


def install(folder: Path, *, python: Path, variables: Mapping[str, str], locked: Path = LOCKED) -> bool:
    """Make `folder` a link to the packages for this Python; False when it is that already. Raises `Unavailable`."""
    digest = hashlib.sha256(f"{python.resolve()} {locked.read_text()}".encode()).hexdigest()[:16]
    target = folder.with_name(f"{folder.name}-{digest}")
    if target.is_dir() and folder.exists() and folder.samefile(target):
        return False
    folder.parent.mkdir(parents=True, exist_ok=True)
    if not target.is_dir():
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as aside:
            made = Path(aside) / "packages"
            _install(locked, made, python=python, variables=variables)
            made.rename(target)
    _point(folder, target)
    return True


def _install(locked: Path, folder: Path, *, python: Path, variables: Mapping[str, str]) -> None:
    options = [
        "--no-config",
        "--require-hashes",
        "--no-deps",
        "--compile-bytecode",
        "--only-binary",
        ":all:",
        "--quiet",
    ]
    options += ["--no-index"] if variables.get("UV_NO_INDEX") else []
    command = [find_uv_bin(), "pip", "install", *options, "--python", str(python), "--target", str(folder)]
    environ = {"PATH": "/usr/bin:/bin", "HOME": str(folder.parent), **variables}
    done = subprocess.run([*command, "-r", str(locked)], env=environ, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Unavailable(f"The data packages could not be installed: {done.stderr.strip()}")


def _point(link: Path, target: Path) -> None:
    aside = link.with_name(f".{link.name}.{os.getpid()}")
    aside.symlink_to(target.name)
    aside.replace(link)
