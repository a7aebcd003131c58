"""Ends every process of a tree: TERM, a time of grace (if any), KILL until none is left."""

import time

from macropod_runner.process_tree import ProcessTree

_LAST_SECONDS = 5.0


class Eviction:
    def __init__(self, tree: ProcessTree, *, grace_seconds: float) -> None:
        self._tree = tree
        self._kill_at = time.monotonic() + grace_seconds
        if grace_seconds > 0:
            tree.terminate()
        else:
            tree.kill()

    def go_on(self) -> None:
        if time.monotonic() >= self._kill_at:
            self._tree.kill()

    @property
    def has_failed(self) -> bool:
        """Something cannot be killed; the kernel holds it. The run does not wait for it."""
        return time.monotonic() >= self._kill_at + _LAST_SECONDS
