"""Tell those who watch from outside how long it took to start a container."""

from collections.abc import Iterator
from contextlib import contextmanager

from macropod_server.db.tables import Run
from macropod_server.deps import Deps
from macropod_server.telemetry.tracing import Facts, Span, place_in, place_of_run


@contextmanager
def observed_spawn(deps: Deps, run: Run) -> Iterator[None]:
    """Measures the block, as one step of the run's trace."""
    began_at, has_failed = deps.clock(), True
    try:
        with deps.metrics.spawning():
            yield
        has_failed = False
    finally:
        whole = place_of_run(run.id)
        facts: Facts = {"macropod.run_id": run.id, "macropod.spawner": deps.spawner.name, "macropod.lease": run.lease}
        place = place_in(whole.trace_id, f"spawn {run.lease} {began_at.isoformat()}")
        deps.tracing.tell(
            Span("spawn", place, began_at, deps.clock(), parent=whole, attributes=facts, is_error=has_failed)
        )
