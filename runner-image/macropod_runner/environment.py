"""The folder of installed packages a run uses: what it is made of, and its last touches."""

import hashlib
import os
import platform
import stat
import sys
import sysconfig
from pathlib import Path

from macropod_runner.place import Place

_WRITE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


def base_python() -> Path:
    """The Python of this container itself, not one of a virtual environment."""
    return Path(sys.executable).resolve()


def python_version() -> str:
    return f"{sys.implementation.name} {'.'.join(map(str, sys.version_info[:3]))}"


def platform_name() -> str:
    return " ".join(filter(None, (sysconfig.get_platform(), *platform.libc_ver())))


def _last_on_the_path(sdk: Path) -> str:
    """The file that puts the SDK behind the user's own packages, and what a run of flavor `data` has behind that."""
    # Python reads this file twice in a virtual environment.
    line = "import sys; from os import environ; more = environ.get('MACROPOD_DATA_PACKAGES'); "
    return f"{sdk}\n{line}more and more not in sys.path and sys.path.append(more)\n"


def digest(lock: str, place: Place) -> str:
    """The same for environments that could stand in for each other."""
    parts = (lock, python_version(), platform_name(), str(base_python()), _last_on_the_path(place.sdk))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def add_sdk(place: Place) -> None:
    """At the end of sys.path, so that the user's own packages win."""
    folder = f"python{sys.version_info.major}.{sys.version_info.minor}"
    path = place.environment / "lib" / folder / "site-packages" / "macropod-sdk.pth"
    path.write_text(_last_on_the_path(place.sdk), encoding="utf-8")


def make_read_only(folder: Path) -> None:
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            _forbid_writing(os.path.join(parent, name))
    _forbid_writing(str(folder))


def _forbid_writing(path: str) -> None:
    mode = os.lstat(path).st_mode
    if not stat.S_ISLNK(mode):
        os.chmod(path, stat.S_IMODE(mode) & ~_WRITE)
