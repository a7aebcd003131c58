"""A small TCP proxy before several servers: a new connection goes to the next one that takes it."""

import itertools
import socket
import threading
from collections.abc import Sequence
from contextlib import suppress

_CONNECT_SECONDS = 2.0
_CHUNK = 65536

Address = tuple[str, int]


class Proxy:
    """Listens on one port of this machine, any free one unless it is named, until closed."""

    def __init__(self, backends: Sequence[Address], *, host: str = "127.0.0.1", port: int = 0) -> None:
        self._backends = list(backends)
        self._turns = itertools.count()
        self._listener = socket.create_server((host, port), backlog=1024)
        self.address: Address = (host, self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client:
            backend = self._connect()
            if backend is None:
                return
            with backend:
                back = threading.Thread(target=_pump, args=(backend, client), daemon=True)
                back.start()
                _pump(client, backend)
                back.join()

    def _connect(self) -> socket.socket | None:
        first = next(self._turns)
        for offset in range(len(self._backends)):
            with suppress(OSError):
                address = self._backends[(first + offset) % len(self._backends)]
                connection = socket.create_connection(address, _CONNECT_SECONDS)
                connection.settimeout(None)
                return connection
        return None


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(_CHUNK):
            target.sendall(data)
    # One side has ended: the other is to notice, also where it only waits.
    for each in (source, target):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
