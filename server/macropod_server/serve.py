"""Serve the application: on the address for people, and on a second one for containers where they need it."""

import socket
from dataclasses import replace

import structlog
import uvicorn
from fastapi import FastAPI

from macropod_server.api.listener import RunTokensOnly
from macropod_server.app import build_deps, close_deps, container_host, create_app
from macropod_server.domain.errors import Invalid
from macropod_server.flows.issue_token import leave_credentials
from macropod_server.settings import Settings

log = structlog.get_logger()

_BACKLOG = 2048
_DRAIN_SECONDS = 4
_KEEP_ALIVE_SECONDS = 75


def serve(settings: Settings) -> None:
    """Blocks until SIGINT or SIGTERM. Runs go on without the server and are found again at its next start."""
    front = _listen(settings.host, settings.port)
    settings = replace(settings, port=front.getsockname()[1])
    deps = build_deps(settings)
    sockets, app = [front], create_app(deps)
    if (host := container_host(deps)) is not None:
        sockets.append(_listen(host, settings.port))
        app.add_middleware(RunTokensOnly, address=(host, settings.port))
    credentials = settings.resolved_credentials
    if not leave_credentials(deps.database, credentials, url=settings.url, now=deps.clock()):
        log.warning("credentials_missing", file=str(credentials), help="macropod-server token --save")
    log.info("server_started", url=settings.url, data=str(settings.data_dir), spawner=deps.spawner.name)
    try:
        uvicorn.Server(_uvicorn_config(app)).run(sockets=sockets)
    finally:
        close_deps(deps)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise Invalid.field(
            "MACROPOD_PORT",
            f"The server cannot listen on {host}:{port}: {error.strerror}. "
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
