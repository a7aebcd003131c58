"""Composition root: the only place that knows the adapters."""

import os
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import structlog
from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool

from macropod_server import __version__
from macropod_server.api import errors, health, logs, orchestrations, runner, runs, schedules, tasks
from macropod_server.api.bodies import MeasuredBodies, body_limits
from macropod_server.db import access
from macropod_server.db.engine import Database
from macropod_server.db.migrate import HEAD, migrate, revision
from macropod_server.deps import Deps
from macropod_server.domain.errors import Invalid, Unavailable
from macropod_server.logstore.chunks import open_log_store
from macropod_server.loops import Engine
from macropod_server.private_files import write_private
from macropod_server.settings import Settings
from macropod_server.signals import Signals
from macropod_server.spawners.base import Spawner
from macropod_server.storage.local import LocalStorage

log = structlog.get_logger()

_ROUTERS = tuple(part.router for part in (orchestrations, tasks, schedules, runs, logs, runner, health))


def utc_now() -> datetime:
    return datetime.now(UTC)


def build_deps(settings: Settings, *, spawner: Spawner | None = None, clock: Callable[[], datetime] = utc_now) -> Deps:
    """Open everything the flows need. Raises `Unavailable` when the database is not migrated."""
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = open_database(settings)
    with database.write() as session:
        installation_id = access.installation_id(session, now=clock())
        access.default_workspace(session, now=clock())
    return Deps(
        settings=settings,
        installation_id=installation_id,
        database=database,
        storage=LocalStorage(settings.resolved_storage_path),
        logs=open_log_store(settings.resolved_logs_url),
        spawner=spawner or choose_spawner(settings, installation_id),
        signals=Signals(),
        clock=clock,
        run_key=_run_key(settings),
    )


def open_database(settings: Settings) -> Database:
    database = Database(settings.resolved_database_url)
    if database.is_sqlite:
        migrate(database)
    elif (found := revision(database)) != HEAD:
        raise Unavailable(
            f"The database is at revision {found or 'none'}, this server needs {HEAD}. Run `macropod-server migrate`."
        )
    return database


def choose_spawner(settings: Settings, installation_id: str) -> Spawner:
    match settings.spawner:
        case "process":
            return _process_spawner(settings, "MACROPOD_SPAWNER is process")
        case "docker":
            return _docker_spawner(settings, installation_id, "MACROPOD_SPAWNER is docker")
        case "auto":
            return _automatic_spawner(settings, installation_id)
    raise Invalid.field(
        "MACROPOD_SPAWNER", f"MACROPOD_SPAWNER is {settings.spawner!r}; it takes auto, docker or process."
    )


def _automatic_spawner(settings: Settings, installation_id: str) -> Spawner:
    from macropod_server.spawners.docker import docker_answers

    missing = docker_answers(settings.runner_image, environ=os.environ)
    if missing is None:
        return _docker_spawner(settings, installation_id, "a Docker Engine answers and has the runner image")
    return _process_spawner(settings, missing)


def _process_spawner(settings: Settings, why: str) -> Spawner:
    from macropod_server.spawners.process import ProcessSpawner

    log.info("spawner_chosen", spawner="process", why=why, isolation="none: runs can reach all that this user can")
    spawner = ProcessSpawner(settings.data_dir, runner_url=settings.runner_url or settings.url)
    spawner.prepare()
    return spawner


def _docker_spawner(settings: Settings, installation_id: str, why: str) -> Spawner:
    from macropod_server.spawners.docker import DockerSpawner

    log.info("spawner_chosen", spawner="docker", why=why, image=settings.runner_image)
    spawner = DockerSpawner(
        installation_id,
        image=settings.runner_image,
        runner_url=lambda: settings.runner_url or f"http://{spawner.gateway()}:{settings.port}",
        environ=os.environ,
    )
    return spawner


def container_host(deps: Deps) -> str | None:
    """The address on which containers reach this server, where the one for people is out of their reach."""
    listens_everywhere = deps.settings.host in ("0.0.0.0", "::")
    if deps.spawner.name != "docker" or deps.settings.runner_url or listens_everywhere:
        return None
    from macropod_server.spawners.docker import DockerSpawner

    return deps.spawner.gateway() if isinstance(deps.spawner, DockerSpawner) else None


def close_deps(deps: Deps) -> None:
    deps.spawner.close()
    deps.logs.close()
    deps.database.close()


def _run_key(settings: Settings) -> bytes:
    if settings.secret_key:
        return settings.secret_key.encode()
    path = settings.data_dir / "secret.key"
    if not path.exists():
        write_private(path, secrets.token_hex(32))
    return path.read_text().strip().encode()


def create_app(deps: Deps, *, with_engine: bool = True) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        engine = Engine(deps)
        if with_engine:
            await run_in_threadpool(engine.start)
        app.state.is_adopted = True
        yield
        if with_engine:
            await run_in_threadpool(engine.stop)

    app = FastAPI(
        title="Macropod",
        version=__version__,
        description="Runs Python packages people upload as zips: once or on a schedule, in containers.",
        lifespan=lifespan,
    )
    app.state.deps, app.state.is_adopted = deps, False
    errors.install(app)
    app.add_middleware(MeasuredBodies, limits=body_limits(deps.settings))
    for router in _ROUTERS:
        app.include_router(router)
    return app
