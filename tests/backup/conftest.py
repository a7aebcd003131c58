"""Installations to back up, and new ones to restore into, on either database."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from macropod_server.app import close_deps
from macropod_server.commands.backup import restore_into
from macropod_server.flows.backup import back_up
from macropod_server.flows.backup_file import Backup
from macropod_server.settings import Settings

from tests.builders import make_deps
from tests.small_disk import small_disk

__all__ = ["small_disk"]


@dataclass(frozen=True)
class Restorer:
    """Restores a file into a new folder and opens what came of it."""

    folder: Path
    new_url: Callable[[Path], str]
    opened: list[Any]

    def __call__(self, file: Path, *, spawner: Any = None, clock: Any = None, **wish: Any) -> Any:
        folder = self.folder / f"restored-{len(self.opened)}"
        url = self.new_url(folder)
        settings = Settings(data_dir=folder / "data", database_url=url, spawner="process")
        restore_into(settings, Backup(file), **wish)
        self.opened.append(make_deps(folder, spawner=spawner, clock=clock, database_url=url))
        return self.opened[-1]


@pytest.fixture
def restored(request: pytest.FixtureRequest, tmp_path: Path, database_url: str) -> Any:
    """Into a database of the kind it was backed up from, unless the test names one."""
    kind = getattr(request, "param", database_url.partition("+")[0].partition(":")[0])

    def new_url(folder: Path) -> str:
        if kind == "sqlite":
            return f"sqlite:///{folder / 'data' / 'macropod.db'}"
        url: str = request.getfixturevalue("postgres").empty_url()
        return url

    restorer = Restorer(tmp_path, new_url, [])
    yield restorer
    for deps in restorer.opened:
        close_deps(deps)


@pytest.fixture
def backed_up(tmp_path: Path) -> Callable[..., Path]:
    def make(deps: Any, name: str = "a.backup", **wish: Any) -> Path:
        back_up(deps, tmp_path / name, now=deps.clock(), **wish)
        return tmp_path / name

    return make
