"""What flows are handed: ports, database, clock and settings. Made by `app`, or by a test."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime

from macropod_server.db.engine import Database
from macropod_server.db.tables import Run
from macropod_server.domain.resources import Limits
from macropod_server.domain.waiting import Concurrency
from macropod_server.logstore.base import LogStore
from macropod_server.master_keys import MasterKeys
from macropod_server.oidc.base import Provider
from macropod_server.settings import Settings
from macropod_server.signals import Signals
from macropod_server.spawners.base import Spawner
from macropod_server.stopwatch import Stopwatch
from macropod_server.storage.base import Storage
from macropod_server.telemetry.metrics import Metrics
from macropod_server.telemetry.tracing import Tracing
from macropod_server.throttle import Throttle


def _none(_run: Run) -> Collection[str]:
    return ()


@dataclass(frozen=True)
class Deps:
    settings: Settings
    installation_id: str
    database: Database
    storage: Storage
    logs: LogStore
    spawner: Spawner
    signals: Signals
    clock: Callable[[], datetime]
    stopwatch: Stopwatch
    run_key: bytes = field(repr=False)
    master_keys: MasterKeys
    metrics: Metrics
    tracing: Tracing
    provider: Provider | None = None
    """With whom people may sign in besides."""
    throttle: Throttle = field(default_factory=Throttle)
    secrets_of: Callable[[Run], Collection[str]] = field(default=_none)
    """Values that must not be seen in what this run prints."""

    @property
    def concurrency(self) -> Concurrency:
        most = self.settings
        return Concurrency(most.max_runs, most.max_runs_per_workspace, most.max_runs_per_task)

    @property
    def limits(self) -> Limits:
        most = self.settings
        return Limits(most.run_memory_bytes, most.run_cpus, most.run_pids)
