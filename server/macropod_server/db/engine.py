"""The database: transactions for reading and for writing. Foreign errors stop here."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import Session

from macropod_server.domain.errors import Invalid, Unavailable

_BUSY_SECONDS = 5
_DRIVERS = {"sqlite", "sqlite+pysqlite", "postgresql", "postgresql+psycopg"}


class DatabaseUnavailable(Unavailable):
    """The database is away, locked or full; nothing was changed."""


class Database:
    def __init__(self, url: str) -> None:
        self.url = _read_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _sqlite_engine(url) if self.is_sqlite else create_engine(url, pool_pre_ping=True)
        # SQLite takes one writer at a time and lets the others poll; waiting in line here is fair and faster.
        self._by_mode = {mode: self._in_mode(mode) for mode in ("IMMEDIATE", "DEFERRED")}
        self._writers: Any = threading.Lock() if self.is_sqlite else nullcontext()

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction that commits at the end of the block, or rolls back when the block raises."""
        with self._writers, self._session("IMMEDIATE") as session, session.begin():
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        with self._session("DEFERRED") as session:
            yield session

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def _session(self, mode: str) -> Iterator[Session]:
        with translated_errors(), Session(self._by_mode[mode], expire_on_commit=False) as session:
            yield session

    def _in_mode(self, mode: str) -> Engine:
        return self.engine.execution_options(sqlite_begin=mode) if self.is_sqlite else self.engine


@contextmanager
def translated_errors() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        raise DatabaseUnavailable(f"The database does not answer: {_first_line(error)}") from error
    except DataError as error:
        raise Invalid(f"The database cannot hold a value that was sent: {_first_line(error)}") from error


def _read_url(text: str) -> URL:
    """Raises `Invalid` without repeating the address: it may hold a password."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        url = None
    if url is None or url.drivername not in _DRIVERS:
        what = f"names {url.drivername}" if url else "is no address of a database"
        raise Invalid.field(
            "MACROPOD_DATABASE_URL",
            f"MACROPOD_DATABASE_URL {what}; it takes postgresql+psycopg://user:password@host/name or sqlite:////file.",
        )
    return url


def _first_line(error: Exception) -> str:
    cause = error.orig if isinstance(error, DBAPIError) else error
    return str(cause).partition("\n")[0]


def _sqlite_engine(url: str) -> Engine:
    path = make_url(url).database
    if path and path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"check_same_thread": False, "timeout": _BUSY_SECONDS}, pool_size=40)
    event.listen(engine, "connect", _set_up_connection)
    event.listen(engine, "begin", _begin)
    return engine


def _set_up_connection(connection: Any, _record: object) -> None:
    # The driver's own transaction handling would begin late and as a reader; we begin ourselves, in `_begin`.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {mode}")
