"""Every process below this one, however far it forked away."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress

_PR_SET_CHILD_SUBREAPER = 36


def become_reaper() -> None:
    """Processes whose parent ended become children of this one (on Linux), so none of them gets away."""
    if sys.platform == "linux" and os.getpid() != 1:
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


class ProcessTree:
    """Where the system does not list children, it is the process group of the program instead."""

    def __init__(self, leader: int) -> None:
        self._leader = leader
        self._lists_children = os.path.exists(f"/proc/self/task/{os.getpid()}/children")

    def pids(self) -> list[int]:
        if self._lists_children:
            return list(_descendants(os.getpid()))
        with suppress(OSError):
            os.killpg(self._leader, 0)
            return [self._leader]
        return []

    def terminate(self) -> None:
        self._signal(self.pids(), signal.SIGTERM)

    def kill(self) -> None:
        """Freezes all before it kills the first, so that nothing forks faster than it is found."""
        found: set[int] = set()
        while fresh := set(self.pids()) - found:
            self._signal(fresh, signal.SIGSTOP)
            found |= fresh
        self._signal(found, signal.SIGKILL)

    def _signal(self, pids: list[int] | set[int], number: int) -> None:
        for pid in pids:
            with suppress(ProcessLookupError, PermissionError):
                if self._lists_children:
                    os.kill(pid, number)
                else:
                    os.killpg(pid, number)


def _descendants(pid: int) -> Iterator[int]:
    for child in _children(pid):
        yield child
        yield from _descendants(child)


def _children(pid: int) -> Iterator[int]:
    with suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with suppress(OSError), open(f"/proc/{pid}/task/{thread}/children", "rb") as file:
                yield from map(int, file.read().split())
