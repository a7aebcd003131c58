"""Hands signals from server to server over PostgreSQL. Whatever gets lost costs a moment, never a run."""

import select
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import structlog
from sqlalchemy.pool import NullPool

from macropod_server.db.engine import Database, translated_errors
from macropod_server.sql.limits import WAIT_SECONDS, open_postgres

log = structlog.get_logger()

_CHANNEL = "macropod"
_AGAIN_SECONDS = 1.0
_LOOK_SECONDS = 30.0
_MOST_WAITING = 1000
_SEND = "SELECT pg_notify(%s, signal) FROM unnest(%s::text[]) AS signal"


class Notifier:
    """A thread with a connection of its own: `hear` is called with what other servers send."""

    def __init__(self, database: Database, hear: Callable[[str], None]) -> None:
        self._url = database.url
        self._hear = hear
        self._waiting: set[str] = set()
        self._guard = threading.Lock()
        self._here, self._there = socket.socketpair()
        self._here.setblocking(False)
        self._there.setblocking(False)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._repeat, name="notify", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stopped.set()
        self._poke()
        self._thread.join(_AGAIN_SECONDS)
        self._here.close()
        self._there.close()

    def send(self, signal: str) -> None:
        """Never waits and never fails. The same signal given many times at once is sent once."""
        with self._guard:
            if len(self._waiting) < _MOST_WAITING:
                self._waiting.add(signal)
        self._poke()

    def _poke(self) -> None:
        with suppress(OSError):
            self._there.send(b".")

    def _repeat(self) -> None:
        while not self._stopped.is_set():
            try:
                self._converse()
            except Exception as error:
                log.info("notify_interrupted", reason=str(error).partition("\n")[0])
                self._stopped.wait(_AGAIN_SECONDS)

    def _converse(self) -> None:
        """Until the connection breaks or the server stops."""
        options: dict[str, Any] = {"poolclass": NullPool, "isolation_level": "AUTOCOMMIT"}
        engine = open_postgres(self._url, statement_seconds=WAIT_SECONDS, **options)
        with translated_errors(), engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            own_pid = driver.info.backend_pid
            driver.add_notify_handler(lambda note: note.pid == own_pid or self._hear(note.payload))
            # No signal is worth waiting for a disk.
            connection.exec_driver_sql("SET synchronous_commit = off")
            connection.exec_driver_sql(f"LISTEN {_CHANNEL}")
            while not self._stopped.is_set():
                self._wait(driver.fileno())
                # Also where there is nothing to send: whatever came is handed on by this.
                connection.exec_driver_sql(_SEND, (_CHANNEL, self._taken()))

    def _wait(self, connection: int) -> None:
        news = select.poll()
        for each in (connection, self._here.fileno()):
            news.register(each, select.POLLIN)
        news.poll(_LOOK_SECONDS * 1000)
        with suppress(BlockingIOError):
            self._here.recv(4096)

    def _taken(self) -> list[str]:
        with self._guard:
            taken = list(self._waiting)
            self._waiting.clear()
        return taken
