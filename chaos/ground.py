"""The ground all stands on: where folders are made, which ports are free, what the time is."""

import random
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).parents[1]
_FOLDERS = ROOT / "build" / "chaos"
_LOOK_SECONDS = 0.1

T = TypeVar("T")


def now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def new_folder(name: str) -> Iterator[Path]:
    """A folder on the disk of the checkout. It goes at the end, unless the block raises or asks to keep it."""
    _FOLDERS.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=_FOLDERS))
    yield folder
    if not (folder / "keep").exists():
        delete(folder)


def keep(folder: Path, why: str) -> None:
    (folder / "keep").write_text(why + "\n")


def delete(folder: Path) -> None:
    """Also where folders were made read-only, as environments are."""
    import shutil

    for path in [folder, *(each for each in folder.rglob("*") if each.is_dir() and not each.is_symlink())]:
        with suppress(OSError):
            path.chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    """Below those the system gives to outgoing connections: they could take it while a server is away."""
    while True:
        port = random.SystemRandom().randrange(20_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def wait_for(look: Callable[[], T], *, seconds: float, what: str) -> T:
    """What is seen as soon as there is something. Raises `TimeoutError` that says what was waited for."""
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"Waited {seconds:.0f} s for {what}.")
        time.sleep(_LOOK_SECONDS)
    return seen
