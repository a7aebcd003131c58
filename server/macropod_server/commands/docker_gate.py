"""The command `macropod-server docker-gate`: the one process of an installation that has the engine's socket."""

import signal
import socket
from typing import Annotated

import structlog
import typer
import uvicorn

from macropod_server.docker_gate.engine_socket import EngineSocket
from macropod_server.docker_gate.gate import Gate
from macropod_server.domain.errors import Invalid
from macropod_server.settings_reading import read_settings

log = structlog.get_logger()

_ENGINE_SECONDS = 60
_DRAIN_SECONDS = 10
_KEEP_ALIVE_SECONDS = 75
_MOST_CONNECTIONS = 500


def docker_gate(
    listen: Annotated[str, typer.Option(help="Address and port to listen on.")] = "127.0.0.1:2375",
    engine: Annotated[str, typer.Option("--socket", help="The socket of the Docker Engine.")] = "/var/run/docker.sock",
    image: Annotated[
        list[str] | None,
        typer.Option(
            help="Image runs may be made from; may be given several times. MACROPOD_RUNNER_IMAGE "
            "and MACROPOD_RUNNER_IMAGE_DATA unless given."
        ),
    ] = None,
    installation: Annotated[str, typer.Option(help="Let only this installation through, by its id.")] = "",
) -> None:
    """Stand before a Docker Engine and let the calls of the docker spawner through, and no others.

    Whoever reaches this address can do what a server can do with its runs. Let nobody but the servers reach it.
    """
    settings = read_settings()
    images = image or [settings.runner_image, settings.runner_image_data]
    gate = Gate(EngineSocket(engine, seconds=_ENGINE_SECONDS), images=images, installation=installation)
    listener = _listen(listen)
    log.info("gate_started", listen=listen, socket=engine, images=images, installation=installation or "any")
    # Uvicorn raises the signal that stopped it once more when it has ended; a stop that was asked for is no failure.
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: None)
    uvicorn.Server(_uvicorn_config(gate)).run(sockets=[listener])


def _listen(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, int(port)), family=family)
    except (OSError, OverflowError, ValueError) as error:
        reason = f": {error.strerror}" if isinstance(error, OSError) else ""
        raise Invalid.field(
            "--listen",
            f"The gate cannot listen on {address!r}{reason}. It takes an address and a port, as 0.0.0.0:2375.",
        ) from None


def _uvicorn_config(gate: Gate) -> uvicorn.Config:
    """h11 takes the strictest view of what a request is."""
    return uvicorn.Config(
        gate,
        http="h11",
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        limit_concurrency=_MOST_CONNECTIONS,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_DRAIN_SECONDS,
        server_header=False,
        proxy_headers=False,
    )
