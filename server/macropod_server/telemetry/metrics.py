"""What one server counts and measures, for Prometheus. Each application has a registry of its own."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from macropod_server.domain.errors import Unavailable

_LATENESS = (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 15, 60, 300, 3600)
_SPAWNS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60)
_STEPS = (0.005, 0.05, 0.5, 5, 60)


@dataclass(frozen=True, eq=False)
class Gauge(Collector):
    """A fact of this moment: one value for each word of `label`, or for the empty word where there is no label."""

    name: str
    what: str
    values: Mapping[str, float]
    label: str | None = None

    def collect(self) -> Iterator[GaugeMetricFamily]:
        family = GaugeMetricFamily(f"macropod_{self.name}", self.what, labels=[self.label] if self.label else [])
        for word, value in self.values.items():
            family.add_metric([word] if self.label else [], value)
        yield family


class Metrics:
    """Counters begin at 0 with the process; sum them over the servers of an installation."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._registry = CollectorRegistry()
        self._ends = self._counter("runs_ended", "Ends of runs this server recorded", "kind", "status", "reason")
        self._ticks = self._counter("ticks", "Ticks this server wrote, by what became of them", "outcome")
        self._lateness = self._histogram("tick_lateness_seconds", "From a due moment to its run", _LATENESS)
        self._spawns = self._histogram("spawn_seconds", "How long a spawner took to start a run", _SPAWNS, "outcome")
        self._lines = self._counter("log_lines", "Lines of output this server stored")
        self._line_bytes = self._counter("log_bytes", "Bytes of output this server stored, before compression")
        self._errors = self._counter("errors", "How often something the server needs was away or full", "system")
        self._steps = self._histogram("loop_step_seconds", "How long a step of a loop took", _STEPS, "loop")
        self._failures = self._counter("loop_failures", "Steps of a loop that failed", "loop")
        self._beats: dict[str, float] = {}

    def run_ended(self, *, kind: str, status: str, reason: str) -> None:
        self._ends.labels(kind, status, reason).inc()

    def tick_written(self, outcome: str, *, lateness_seconds: float | None) -> None:
        """None for a tick that made no run: how late it was written tells nothing."""
        self._ticks.labels(outcome).inc()
        if lateness_seconds is not None:
            self._lateness.observe(max(0, lateness_seconds))

    def lines_stored(self, lines: int, size_bytes: int) -> None:
        self._lines.inc(lines)
        self._line_bytes.inc(size_bytes)

    def failed(self, error: Unavailable) -> None:
        """Told apart by the class of the error: DatabaseUnavailable, StorageUnavailable, …"""
        self._errors.labels(type(error).__name__).inc()

    @contextmanager
    def spawning(self) -> Iterator[None]:
        began, outcome = self._monotonic(), "failed"
        try:
            yield
            outcome = "started"
        finally:
            self._spawns.labels(outcome).observe(self._monotonic() - began)

    @contextmanager
    def stepping(self, loop: str) -> Iterator[None]:
        """One step of a loop: its heartbeat at both ends, and how long it took."""
        began = self._beats[loop] = self._monotonic()
        try:
            yield
        except Exception:
            self._failures.labels(loop).inc()
            raise
        finally:
            self._beats[loop] = self._monotonic()
            self._steps.labels(loop).observe(self._beats[loop] - began)

    def silences(self) -> dict[str, float]:
        """Seconds since the last heartbeat of each loop."""
        now = self._monotonic()
        return {loop: now - beat for loop, beat in list(self._beats.items())}

    def shown(self, gauges: Iterable[Gauge]) -> bytes:
        """All of it as Prometheus reads it, with these facts of the moment."""
        moment = CollectorRegistry()
        for gauge in gauges:
            moment.register(gauge)
        return generate_latest(self._registry) + generate_latest(moment)

    def _counter(self, name: str, what: str, *labels: str) -> Counter:
        return Counter(f"macropod_{name}", f"{what}.", labels, registry=self._registry)

    def _histogram(self, name: str, what: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(f"macropod_{name}", f"{what}.", labels, buckets=buckets, registry=self._registry)
