"""Serve the application: on the address for people, and on a second one for containers where they need it."""

import asyncio
import ctypes
import fcntl
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import FrameType

import structlog
import uvicorn
from fastapi import FastAPI

from macropod_server.api.listener import RunTokensOnly
from macropod_server.app import build_deps, close_deps, container_host, create_app
from macropod_server.deps import Deps
from macropod_server.domain.errors import Conflict, Invalid
from macropod_server.flows.issue_token import Kept, leave_credentials
from macropod_server.listening import let_nobody_in, listen
from macropod_server.settings import Settings
from macropod_server.signals import Signals

log = structlog.get_logger()

_FINISH_SECONDS = 4
_ACCEPT_SECONDS = 0.05
_KEEP_ALIVE_SECONDS = 75
_ARENA_MAX = -8
"""M_ARENA_MAX of glibc; see mallopt(3)."""


class Server(uvicorn.Server):
    """Lets requests that wait for news go when it is told to stop, instead of cutting them off later."""

    def __init__(self, app: FastAPI, signals: Signals, settings: Settings) -> None:
        super().__init__(_uvicorn_config(app, proxies=[str(each) for each in settings.proxies]))
        self._signals = signals
        self._drain_seconds = settings.drain_seconds
        self._closes_at: float | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Not ready at once; the door stays open until those who send work have noticed. A second signal closes it."""
        is_first, self._signals.is_stopping = not self._signals.is_stopping, True
        if is_first:
            told = "go on and are found again at the next start"
            log.info("server_stopping", runs=told, drain_seconds=self._drain_seconds)
        if is_first and self._drain_seconds:
            self._closes_at = time.monotonic() + self._drain_seconds
            return
        self._signals.close()
        super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        if self._closes_at is not None and time.monotonic() >= self._closes_at:
            self._signals.close()
            self.should_exit = True
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accepts who has come by now, and is at home to nobody else."""
        for each in sockets or []:
            let_nobody_in(each)
        await asyncio.sleep(_ACCEPT_SECONDS)
        await super().shutdown(sockets)


def _share_memory() -> None:
    """Let all threads allocate from the same two places. The C library of most Linux systems gives nearly every thread
    one of its own otherwise, and what is freed there helps no other: memory grows with threads, not with use."""
    with suppress(AttributeError, OSError):  # Other C libraries have no such thing, and no need of it.
        ctypes.CDLL(None).mallopt(_ARENA_MAX, 2)


def serve(settings: Settings) -> None:
    """Blocks until SIGINT or SIGTERM. Runs go on without the server and are found again at its next start."""
    _check_role(settings)
    _share_memory()
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _using(settings.data_dir, is_shared=not settings.is_embedded):
        front = listen(settings.host, settings.port)
        _serve_on(front, replace(settings, port=front.getsockname()[1]))


def _check_role(settings: Settings) -> None:
    if settings.role != "both" and settings.is_embedded:
        raise Invalid.field(
            "MACROPOD_ROLE",
            f"A server that is only the {settings.role} needs PostgreSQL: SQLite is for one server, which is both. "
            "Set MACROPOD_DATABASE_URL, or leave the role out.",
        )
    if settings.role == "engine" and not settings.runner_url:
        raise Invalid.field(
            "MACROPOD_RUNNER_URL",
            "A server that is only the engine takes no calls of runs. Set MACROPOD_RUNNER_URL to the address at which "
            "they reach a server with the API.",
        )


def _serve_on(front: socket.socket, settings: Settings) -> None:
    deps = build_deps(settings)
    has_api = settings.role != "engine"
    sockets, app = [front], create_app(deps, with_engine=settings.role != "api", with_api=has_api)
    if has_api and (host := container_host(deps)) is not None:
        sockets.append(listen(host, settings.port))
        app.add_middleware(RunTokensOnly, address=(host, settings.port), open_paths=app.state.open_to_containers)
    if has_api:
        _leave_credentials(deps)
    facts = {"url": settings.url, "data": str(settings.data_dir), "spawner": deps.spawner.name}
    log.info("server_started", role=settings.role, **facts)
    # Uvicorn raises the signal that stopped it once more when it has ended; a stop that was asked for is no failure.
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: None)
    try:
        Server(app, deps.signals, settings).run(sockets=sockets)
    finally:
        close_deps(deps)


def _leave_credentials(deps: Deps) -> None:
    file, url = deps.settings.credentials, deps.settings.url
    kept = leave_credentials(deps.database, file, url=url, installation_id=deps.installation_id, now=deps.clock())
    advice = "macropod-server token --save writes a new token there"
    if kept is Kept.NOBODYS:
        log.warning("credentials_missing", file=str(file), help=advice)
    elif kept is Kept.OTHERS:
        log.warning(
            "credentials_left_alone", file=str(file), why="what it holds is not of this installation", help=advice
        )


@contextmanager
def _using(data_dir: Path, *, is_shared: bool) -> Iterator[None]:
    """Two servers with databases of their own would take each other's runs for left over. Raises `Conflict`."""
    with (data_dir / "server.lock").open("w") as lock:
        try:
            fcntl.flock(lock, (fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(
                f"Another server works in {data_dir}. End that one, or give this one a folder of its own "
                "with --data-dir."
            ) from None
        yield


def _uvicorn_config(app: FastAPI, *, proxies: list[str]) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        access_log=False,
        log_config=None,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_FINISH_SECONDS,
        server_header=False,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies,
    )
