"""What stands before the servers of one installation: one address, connections go to a server that is ready."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import httpx2

from tests.live_server import free_port

_LOOK_SECONDS = 0.2
_PATIENCE_SECONDS = 1.0


class Balancer:
    """Looks at each server every moment. One that does not answer in time loses its connections."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", free_port()), backlog=512)
        self._is_over = threading.Event()
        self._guard = threading.Lock()
        self._servers: list[str] = []
        self._ready: list[str] = []
        self._connections: dict[str, set[socket.socket]] = {}
        self._turn = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def add(self, url: str) -> None:
        """Call once the server is ready."""
        self._servers.append(url)
        self._ready.append(url)

    def start(self) -> None:
        for work in (self._accept, self._look):
            threading.Thread(target=work, daemon=True).start()

    def close(self) -> None:
        self._is_over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for url in self._servers:
            self._cut(url)

    def _look(self) -> None:
        with httpx2.Client(timeout=_PATIENCE_SECONDS) as http:
            while not self._is_over.wait(_LOOK_SECONDS):
                for url in list(self._servers):
                    self._note(url, is_ready=_is_ready(http, url))

    def _note(self, url: str, *, is_ready: bool) -> None:
        if is_ready and url not in self._ready:
            self._ready.append(url)
        if not is_ready and url in self._ready:
            self._ready.remove(url)
            self._cut(url)

    def _cut(self, url: str) -> None:
        with self._guard:
            for each in self._connections.pop(url, set()):
                _shut(each)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                self._connect(self._listener.accept()[0])

    def _connect(self, client: socket.socket) -> None:
        ready = list(self._ready)
        self._turn += 1
        try:
            url = ready[self._turn % len(ready)]
            server = socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=_PATIENCE_SECONDS)
        except (OSError, ZeroDivisionError):
            client.close()
            return
        server.settimeout(None)
        with self._guard:
            self._connections.setdefault(url, set()).update((client, server))
        is_half = threading.Event()
        for source, target in ((client, server), (server, client)):
            threading.Thread(target=self._copy, args=(url, source, target, is_half), daemon=True).start()

    def _copy(self, url: str, source: socket.socket, target: socket.socket, is_half: threading.Event) -> None:
        with suppress(OSError):
            while piece := source.recv(65536):
                target.sendall(piece)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)
        with self._guard:
            if not is_half.is_set():
                is_half.set()
                return
            self._connections.get(url, set()).difference_update((source, target))
        source.close()
        target.close()


def _is_ready(http: httpx2.Client, url: str) -> bool:
    with suppress(httpx2.TransportError):
        return http.get(f"{url}/health/ready").is_success
    return False


def _shut(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def balancing() -> Iterator[Balancer]:
    balancer = Balancer()
    balancer.start()
    try:
        yield balancer
    finally:
        balancer.close()
