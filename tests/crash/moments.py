"""Moments to kill a server at: as soon as a stage of its work shows on the disk."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.crash.programs import wait_for

_LOOK_SECONDS = 0.0005


@contextmanager
def until_appears(pattern: str, *, folder: Path) -> Iterator[None]:
    """After the block wait for a path of this pattern that was not there before it."""
    before = set(folder.glob(pattern))
    yield
    wait_for(lambda: set(folder.glob(pattern)) - before, pause_seconds=_LOOK_SECONDS)


def wait_for_change(path: Path) -> None:
    before = path.stat().st_mtime_ns
    wait_for(lambda: path.stat().st_mtime_ns != before, pause_seconds=_LOOK_SECONDS)
