"""What the process spawner has on disk: folders of runs, environments, package caches, and what all runs share."""

import os
from collections.abc import Iterator
from pathlib import Path

from macropod_server.spawners.base import Holding, HoldingKind

_KINDS: dict[str, HoldingKind] = {"runs": "files of a run", "environments": "environment", "cache": "package cache"}
_SHARED_FOLDERS = ("sdk-", "data-packages-")
_SHARED = "bare-"
"""How environments begin that belong to no packaging run."""


def environment_names(environments: Path) -> list[str]:
    """Those that packaging runs made, and what was begun aside and never finished."""
    return [name for name in _names(environments) if not name.startswith(_SHARED)]


def holdings(data_dir: Path) -> list[Holding]:
    named = [
        Holding("shared" if name.startswith(_SHARED) else kind, name, _size(data_dir / folder / name))
        for folder, kind in _KINDS.items()
        for name in _names(data_dir / folder)
    ]
    shared = [name for name in _names(data_dir) if name.startswith(_SHARED_FOLDERS)]
    return named + [Holding("shared", name, _size(data_dir / name)) for name in shared]


def _names(folder: Path) -> list[str]:
    return os.listdir(folder) if folder.is_dir() else []


def _size(path: Path) -> int:
    """Bytes on disk. What goes away meanwhile does not count, nor what links lead to."""
    return sum(_blocks(each) for each in (path, *_below(path)))


def _below(path: Path) -> Iterator[Path]:
    for folder, subfolders, files in os.walk(path):
        yield from (Path(folder, name) for name in (*subfolders, *files))


def _blocks(path: Path) -> int:
    try:
        return path.lstat().st_blocks * 512
    except OSError:
        return 0
