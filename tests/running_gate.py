"""A real `macropod-server docker-gate` before an engine's socket, for tests that go through it."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.live_server import free_port

ENGINE = "/var/run/docker.sock"


@contextmanager
def running_gate(engine: str = ENGINE, *options: str) -> Iterator[str]:
    """Answers what `DOCKER_HOST` is to be, once somebody listens there."""
    address = f"127.0.0.1:{free_port()}"
    command = [Path(sys.executable).with_name("macropod-server"), "docker-gate", "--listen", address]
    with subprocess.Popen([*command, "--socket", engine, *options]) as process:
        try:
            _await_listener(process, int(address.rpartition(":")[2]))
            yield f"tcp://{address}"
        finally:
            process.terminate()


def _await_listener(process: "subprocess.Popen[bytes]", port: int) -> None:
    patience = time.monotonic() + 30
    while time.monotonic() < patience and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise AssertionError("The gate does not listen.")
