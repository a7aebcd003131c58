"""Serve the application: on the address for people, and on a second one for containers where they need it."""

import fcntl
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType

import structlog
import uvicorn
from fastapi import FastAPI

from macropod_server.api.listener import RunTokensOnly
from macropod_server.app import build_deps, close_deps, container_host, create_app
from macropod_server.domain.errors import Conflict, Invalid
from macropod_server.flows.issue_token import leave_credentials
from macropod_server.settings import Settings
from macropod_server.signals import Signals

log = structlog.get_logger()

_BACKLOG = 2048
_DRAIN_SECONDS = 4
_KEEP_ALIVE_SECONDS = 75


class Server(uvicorn.Server):
    """Lets requests that wait for news go when it is told to stop, instead of cutting them off later."""

    def __init__(self, app: FastAPI, signals: Signals) -> None:
        super().__init__(_uvicorn_config(app))
        self._signals = signals

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        log.info("server_stopping", runs="go on and are found again at the next start")
        self._signals.close()
        super().handle_exit(sig, frame)


def serve(settings: Settings) -> None:
    """Blocks until SIGINT or SIGTERM. Runs go on without the server and are found again at its next start."""
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _sole_user(settings.data_dir):
        front = _listen(settings.host, settings.port)
        _serve_on(front, replace(settings, port=front.getsockname()[1]))


def _serve_on(front: socket.socket, settings: Settings) -> None:
    deps = build_deps(settings)
    sockets, app = [front], create_app(deps)
    if (host := container_host(deps)) is not None:
        sockets.append(_listen(host, settings.port))
        app.add_middleware(RunTokensOnly, address=(host, settings.port))
    credentials = settings.credentials
    if not leave_credentials(deps.database, credentials, url=settings.url, now=deps.clock()):
        log.warning("credentials_missing", file=str(credentials), help="macropod-server token --save")
    log.info("server_started", url=settings.url, data=str(settings.data_dir), spawner=deps.spawner.name)
    # Uvicorn raises the signal that stopped it once more when it has ended; a stop that was asked for is no failure.
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: None)
    try:
        Server(app, deps.signals).run(sockets=sockets)
    finally:
        close_deps(deps)


@contextmanager
def _sole_user(data_dir: Path) -> Iterator[None]:
    """Two servers on one data folder would take each other's runs for left over. Raises `Conflict`."""
    with (data_dir / "server.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(
                f"Another server works in {data_dir}. End that one, or give this one a folder of its own "
                "with --data-dir."
            ) from None
        yield


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        reason = error.strerror if isinstance(error, OSError) else "a port is a number from 0 to 65535"
        raise Invalid.field(
            "MACROPOD_PORT",
            f"The server cannot listen on {host}:{port}: {reason}. "
            "Choose another with --host and --port, or end what listens there.",
        ) from None
    listener.listen(_BACKLOG)
    return listener


def _uvicorn_config(app: FastAPI) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        access_log=False,
        log_config=None,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_DRAIN_SECONDS,
        server_header=False,
        proxy_headers=False,
    )
