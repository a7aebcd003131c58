"""Ends processes for good: those known and those that carry the mark of a run, however they got away."""

import contextlib
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import psutil

from macropod_server.spawners.base import ContainerStuck

_PATIENCE_SECONDS = 10.0


def end_all(known: Iterable[psutil.Process], *, run_id: str) -> None:
    """KILL these processes, their descendants and all that have this run's id in their environment, until
    none is left. A process that only has the number of an earlier one is never touched."""
    patience = time.monotonic() + _PATIENCE_SECONDS
    mark = f"MACROPOD_RUN_ID={run_id}".encode()
    suspects = set(known)
    while left := {each for each in suspects if _lives(each)} | set(_marked(mark)):
        if time.monotonic() > patience:
            pids = ", ".join(str(each.pid) for each in left)
            raise ContainerStuck(f"Processes {pids} of run {run_id} do not end although they were killed.")
        suspects |= left | {child for each in left for child in descendants(each)}
        for each in suspects:
            with contextlib.suppress(psutil.Error):
                each.kill()
        time.sleep(0.005)


def descendants(process: psutil.Process) -> list[psutil.Process]:
    with contextlib.suppress(psutil.Error):
        return process.children(recursive=True)
    return []


def _lives(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def _marked(mark: bytes) -> Iterator[psutil.Process]:
    for pid in psutil.pids():
        if _has_mark(pid, mark):
            with contextlib.suppress(psutil.Error):
                process = psutil.Process(pid)
                # Looked at again: what was seen belongs to the process whose start time is known now.
                if _has_mark(pid, mark) and _lives(process):
                    yield process


def _has_mark(pid: int, mark: bytes) -> bool:
    with contextlib.suppress(OSError, psutil.Error):
        return mark in _environ(pid)
    return False


def _environ(pid: int) -> list[bytes]:
    if sys.platform == "linux":
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return [f"{name}={value}".encode() for name, value in psutil.Process(pid).environ().items()]
