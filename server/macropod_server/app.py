"""Composition root: the only place that knows the adapters."""

import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import structlog
from anyio import to_thread
from fastapi import FastAPI, Response
from fastapi.concurrency import run_in_threadpool

from macropod_server import __version__
from macropod_server.adapters import (
    choose_bodies,
    choose_provider,
    choose_spawner,
    choose_storage,
    choose_tracing,
    open_database,
)
from macropod_server.api import errors, log_follow
from macropod_server.api.acts import NotedActs
from macropod_server.api.bodies import MeasuredBodies, body_limits
from macropod_server.api.parting import PartingAnswers
from macropod_server.api.routers import PROBES, ROUTERS
from macropod_server.api.traced import TracedRequests
from macropod_server.db import spawners
from macropod_server.db.engine import Database
from macropod_server.db.tables import Event, Tick
from macropod_server.deps import Deps
from macropod_server.domain.errors import MacropodError
from macropod_server.domain.spawner_choice import Tied
from macropod_server.domain.task import TickOutcome
from macropod_server.flows.values_of_runs import ValuesOfRuns
from macropod_server.installation import check_is_whole, join_installation, join_with_master_key, run_key
from macropod_server.logstore.base import Batch, LogStore
from macropod_server.logstore.chunks import open_log_store
from macropod_server.loops import Engine
from macropod_server.master_keys import MasterKeys
from macropod_server.settings import Settings
from macropod_server.signals import Signals, lines_of
from macropod_server.spawners.base import Spawner
from macropod_server.sql.limits import WAIT_SECONDS
from macropod_server.stopwatch import Stopwatch
from macropod_server.telemetry.metrics import Metrics
from macropod_server.telemetry.tracing import NoTracing, Tracing, span_of_run
from macropod_server.wallaroo_api import mounting as wallaroo_api
from macropod_server.wallaroo_api.refusals import refusal
from macropod_server.web import pages

log = structlog.get_logger()

_THREADS = 200
"""Calls that wait for the database wait side by side, so that each is told in time that it is away."""


def utc_now() -> datetime:
    return datetime.now(UTC)


def build_deps(
    settings: Settings,
    *,
    spawner: Spawner | None = None,
    clock: Callable[[], datetime] = utc_now,
    monotonic: Callable[[], float] = time.monotonic,
    is_to_spawn: bool = True,
) -> Deps:
    """Open everything the flows need. Raises `Unavailable` when the database is not migrated, `Conflict` if too new.

    Without `is_to_spawn` nothing is made ready for new runs, nor is a key made: for those who only look and clean.
    """
    _make_ready(settings, is_to_spawn=is_to_spawn)
    database, key, master_keys = open_database(settings), run_key(settings), MasterKeys(settings)
    with _closed_when_refused(database):
        installation_id = join_installation(settings, database, key, now=clock())
        if is_to_spawn:
            join_with_master_key(database, master_keys.made(), now=clock())
        spawner = spawner or choose_spawner(settings, installation_id, _tied(database), is_to_spawn=is_to_spawn)
    metrics, signals, tracing = Metrics(monotonic), Signals(), choose_tracing(settings)
    values = ValuesOfRuns(database, master_keys, monotonic)
    database.on_commit = _teller(metrics, signals, tracing, values)
    return Deps(
        settings=settings,
        installation_id=installation_id,
        database=database,
        storage=choose_storage(settings),
        logs=_open_logs(settings, metrics, signals),
        spawner=spawner,
        signals=signals,
        clock=clock,
        stopwatch=Stopwatch(monotonic),
        run_key=key,
        master_keys=master_keys,
        metrics=metrics,
        tracing=tracing,
        secrets_of=values,
        provider=choose_provider(settings),
    )


def _make_ready(settings: Settings, *, is_to_spawn: bool) -> None:
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    if is_to_spawn:
        check_is_whole(settings)


def _open_logs(settings: Settings, metrics: Metrics, signals: Signals) -> LogStore:
    def tell(batch: Batch, lines: int, size_bytes: int) -> None:
        metrics.lines_stored(lines, size_bytes)
        signals.ring(lines_of(batch.run_id), news=batch)

    logs = open_log_store(
        settings.resolved_logs_url,
        connections=settings.database_connections,
        run_max_bytes=settings.run_log_max_bytes,
        bodies=choose_bodies(settings),
    )
    logs.on_append = tell
    return logs


@contextmanager
def _closed_when_refused(database: Database) -> Iterator[None]:
    try:
        yield
    except MacropodError:
        database.close()
        raise


def _tied(database: Database) -> list[Tied]:
    with database.read() as session:
        return spawners.tied(session)


def _teller(
    metrics: Metrics, signals: Signals, tracing: Tracing, values: ValuesOfRuns
) -> Callable[[Event | Tick], None]:
    def tell(row: Event | Tick) -> None:
        if isinstance(row, Tick):
            late = (row.created_at - row.due_at).total_seconds() if row.outcome is TickOutcome.STARTED else None
            metrics.tick_written(row.outcome.value, lateness_seconds=late)
            return
        signals.ring("events")
        values.drop(row.run_id)
        metrics.run_ended(kind=row.facts["run_kind"], status=row.facts["status"], reason=row.facts["reason"])
        tracing.tell(span_of_run(row.run_id, row.facts, ended_at=row.created_at))

    return tell


def container_host(deps: Deps) -> str | None:
    """The address on which containers reach this server, where the one for people is out of their reach."""
    listens_everywhere = deps.settings.host in ("0.0.0.0", "::")
    if deps.spawner.name != "docker" or deps.settings.runner_url or listens_everywhere:
        return None
    from macropod_server.spawners.docker import DockerSpawner

    return deps.spawner.gateway() if isinstance(deps.spawner, DockerSpawner) else None


def close_deps(deps: Deps) -> None:
    if deps.provider:
        deps.provider.close()
    deps.tracing.close()
    deps.spawner.close()
    deps.logs.close()
    deps.database.close()


def create_app(deps: Deps, *, with_engine: bool = True, with_api: bool = True) -> FastAPI:
    """Without the API only health and metrics are told; without the engine others have to start what is ordered."""
    engine = Engine(deps) if with_engine else None
    deps_of_runs = _with_own_connections(deps)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        to_thread.current_default_thread_limiter().total_tokens = _THREADS
        with _relaying(deps):
            if engine:
                await run_in_threadpool(engine.start)
            yield
            if engine:
                await run_in_threadpool(engine.stop)
            deps_of_runs.database.close()

    app = FastAPI(
        title="Macropod",
        version=__version__,
        description="Runs Python packages people upload as zips: once or on a schedule, in containers.",
        lifespan=lifespan,
    )
    app.state.deps, app.state.deps_of_runs, app.state.engine = deps, deps_of_runs, engine
    app.state.broadcasts = log_follow.broadcasts(deps)
    errors.install(app)
    app.state.status_of = errors.status_of
    serves_wallaroo = deps.settings.serves_wallaroo and with_api
    app.state.open_to_containers = wallaroo_api.OPEN_TO_CONTAINERS if serves_wallaroo else ()
    _wrap(app, deps, serves_wallaroo=serves_wallaroo)
    for router in ROUTERS if with_api else PROBES:
        app.include_router(router)
    if with_api:
        pages.install(app)
    for router in wallaroo_api.ROUTERS if serves_wallaroo else ():
        app.include_router(router, include_in_schema=False)
    return app


def _wrap(app: FastAPI, deps: Deps, *, serves_wallaroo: bool) -> None:
    """What every call passes through, the last one first."""
    limits = body_limits(deps.settings) | (wallaroo_api.body_limits(deps.settings) if serves_wallaroo else {})
    app.add_middleware(NotedActs)
    app.add_middleware(MeasuredBodies, limits=limits, answer=_refuse if serves_wallaroo else _refuse_natively)
    if not isinstance(deps.tracing, NoTracing):
        app.add_middleware(TracedRequests, tracing=deps.tracing, clock=deps.clock)
    app.add_middleware(PartingAnswers, signals=deps.signals)


def _refuse(path: str, error: MacropodError) -> Response:
    return refusal(error) if wallaroo_api.is_here(path) else errors.answer(error)


def _refuse_natively(_path: str, error: MacropodError) -> Response:
    return errors.answer(error)


def _with_own_connections(deps: Deps) -> Deps:
    return replace(deps, database=deps.database.beside(statement_seconds=WAIT_SECONDS))


@contextmanager
def _relaying(deps: Deps) -> Iterator[None]:
    """Let servers on one PostgreSQL wake each other."""
    if deps.database.is_sqlite:
        yield
        return
    from macropod_server.db.notify import Notifier

    notifier = Notifier(deps.database, deps.signals.hear)
    notifier.start()
    deps.signals.relay = notifier.send
    yield
    notifier.close()
