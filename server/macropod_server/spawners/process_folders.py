"""The folder of one run of the process spawner: what can be learned from it, and how it goes away."""

import contextlib
import fcntl
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import psutil

from macropod_server.spawners.base import Exited, Gone, Running, Sighting, Starting

_MEMORY = Path("/dev/shm")
_BLOCK_BYTES = 1024**2
_MOST_TAIL_BYTES = 64 * 1024**2


@dataclass(frozen=True)
class RunFolder:
    """`lock` is locked while the runner lives, `pid` says it was started, `exit` how it ended."""

    path: Path

    @property
    def home(self) -> Path:
        return self.path / "home"

    @property
    def spool(self) -> Path:
        return self.path / "spool"

    @property
    def temporary(self) -> Path:
        return self.path / "tmp"

    @property
    def secrets(self) -> Path:
        """Where the runner writes secrets that are wanted as files; it removes them itself, unless it was killed."""
        return _MEMORY / f"macropod-{self.path.name}"

    def make(self) -> None:
        for each in (self.home, self.spool, self.temporary):
            each.mkdir(parents=True, exist_ok=True, mode=0o700)

    def sighting(self) -> Sighting:
        if exited := self._exited():
            return exited
        if self.is_locked():
            return Running(is_frozen=self._is_frozen()) if self._has_pid() else Starting()
        # Not locked: over, or never started; it may also have ended between the two looks.
        if exited := self._exited():
            return exited
        if self._has_pid():
            return Exited(None)
        return Starting() if self.path.is_dir() else Gone()

    def is_locked(self) -> bool:
        try:
            lock = os.open(self.path / "lock", os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(lock)
        return False

    def runner(self) -> psutil.Process | None:
        """The runner while it lives. The lock is looked at last: held after the process was found under the
        number the runner wrote, it proves that the process found is the runner and no later stranger."""
        with contextlib.suppress(FileNotFoundError, psutil.NoSuchProcess):
            process = psutil.Process(int((self.path / "pid").read_text()))
            if self.is_locked():
                return process
        return None

    def tail(self, limit: int) -> list[str]:
        try:
            with (self.path / "output.log").open("rb") as output:
                text = _end_of(output, lines=limit).decode(errors="replace")
        except FileNotFoundError:
            return []
        return text.removesuffix("\n").split("\n")[-limit:] if text and limit else []

    def was_started(self) -> bool:
        return (self.path / "pid").exists() or (self.path / "exit").exists()

    def delete(self) -> None:
        """`pid` goes last: what is left of a folder half deleted can't be taken for a run not yet started."""
        with contextlib.suppress(PermissionError):  # Then it is another user's, and was never this run's.
            delete_tree(self.secrets)
        with contextlib.suppress(FileNotFoundError):
            for each in self.path.iterdir():
                if each.name != "pid":
                    delete_tree(each)
        delete_tree(self.path)

    def _exited(self) -> Exited | None:
        with contextlib.suppress(FileNotFoundError):
            return Exited(json.loads((self.path / "exit").read_text())["exit_code"])
        return None

    def _is_frozen(self) -> bool:
        runner = self.runner()
        with contextlib.suppress(psutil.Error):
            return runner is not None and runner.status() == psutil.STATUS_STOPPED
        return False

    def _has_pid(self) -> bool:
        return (self.path / "pid").exists()


def _end_of(file: BinaryIO, *, lines: int) -> bytes:
    """So many whole lines from its end, or as many as fit into the most that is held."""
    start, text = file.seek(0, os.SEEK_END), b""
    while start > 0 and text.count(b"\n") <= lines and len(text) < _MOST_TAIL_BYTES:
        end, start = start, max(0, start - _BLOCK_BYTES)
        file.seek(start)
        text = file.read(end - start) + text
    return text.partition(b"\n")[2] if start else text


def delete_tree(path: Path) -> None:
    """Delete a file or folder, also where folders were made read-only. Harmless when there is none."""
    while os.path.lexists(path):
        with contextlib.suppress(FileNotFoundError):  # Another may be deleting it too.
            try:
                _delete(path)
            except PermissionError:
                _open_up(path)
                _delete(path)


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _open_up(path: Path) -> None:
    path.chmod(0o700)
    for folder, subfolders, _ in os.walk(path):
        for each in subfolders:
            if not os.path.islink(os.path.join(folder, each)):
                os.chmod(os.path.join(folder, each), 0o700)
