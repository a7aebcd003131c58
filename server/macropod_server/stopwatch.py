"""How long this process itself has seen things last, on a clock that nobody can set.

The server's time-outs are measured with it alone. Whoever moves the wall clock makes none of them fire; after a restart
they begin anew, so they fire later, and never early.
"""

import threading
from collections.abc import Callable, Collection, Hashable
from datetime import timedelta


class Stopwatch:
    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._seen_first: dict[str, dict[Hashable, float]] = {}
        self._guard = threading.Lock()

    def seen(self, matter: str, key: Hashable) -> timedelta:
        """For how long this has been seen; not at all before now, if it is new."""
        now = self._monotonic()
        with self._guard:
            return timedelta(seconds=now - self._seen_first.setdefault(matter, {}).setdefault(key, now))

    def all_seen(self, matter: str, keys: Collection[Hashable]) -> dict[Hashable, timedelta]:
        """The same for all there are of a matter. Whatever else was seen of it is over, and forgotten."""
        now = self._monotonic()
        with self._guard:
            before = self._seen_first.get(matter, {})
            self._seen_first[matter] = {key: before.get(key, now) for key in keys}
            return {key: timedelta(seconds=now - first) for key, first in self._seen_first[matter].items()}
