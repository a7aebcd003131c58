"""What must not show in what a run prints, kept at hand while the run goes on.

It is asked for with every batch of lines. The row of the run, which whoever asks has just read, tells whether it was
given more since; only then is the database asked, and something decrypted.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from macropod_server.db import given
from macropod_server.db.engine import Database
from macropod_server.db.tables import Run
from macropod_server.flows.sealing import once_more_if_changed, texts_of
from macropod_server.master_keys import MasterKeys

_MOST_RUNS = 512
_IDLE_SECONDS = 600.0
"""Of a run whose end another server was told of nothing is kept for longer."""


@dataclass
class _Entry:
    secrets_given: int
    texts: tuple[str, ...] = field(repr=False)
    used_at: float


class ValuesOfRuns:
    """Values of ended runs go as this server is told of the end, others when they were not asked for in a while."""

    def __init__(self, database: Database, keys: MasterKeys, seconds: Callable[[], float]) -> None:
        self._database = database
        self._keys = keys
        self._seconds = seconds
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, run: Run) -> Collection[str]:
        """Raises `CannotOpen`, and `Unavailable` without the database: what cannot be hidden is not shown."""
        if not run.secrets_given:
            return ()
        with self._lock:
            entry = self._entries.get(run.id)
            if entry is not None and entry.secrets_given >= run.secrets_given:
                entry.used_at = self._seconds()
                self._entries.move_to_end(run.id)
                return entry.texts
        return self._read(run)

    def drop(self, run_id: str) -> None:
        with self._lock:
            self._entries.pop(run_id, None)

    def __len__(self) -> int:
        return len(self._entries)

    def _read(self, run: Run) -> Collection[str]:
        texts = once_more_if_changed(lambda: self._stored(run.id))
        now = self._seconds()
        with self._lock:
            self._entries[run.id] = _Entry(run.secrets_given, texts, now)
            self._entries.move_to_end(run.id)
            while self._is_crowded(now):
                self._entries.popitem(last=False)
        return texts

    def _stored(self, run_id: str) -> tuple[str, ...]:
        with self._database.read() as session:
            rows = given.of_run(session, run_id)
        ring = self._keys.ring()
        return tuple(dict.fromkeys(text for row in rows for text in texts_of(ring, row)))

    def _is_crowded(self, now: float) -> bool:
        oldest = next(iter(self._entries.values()))
        return len(self._entries) > _MOST_RUNS or now - oldest.used_at > _IDLE_SECONDS
