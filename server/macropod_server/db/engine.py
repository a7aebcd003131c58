"""The database: transactions for reading and for writing. Foreign errors stop here."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DataError, SQLAlchemyError
from sqlmodel import Session

from macropod_server.db.audit_log import noted
from macropod_server.db.tables import Event, Tick
from macropod_server.domain.errors import Invalid, OutOfSpace, Unavailable
from macropod_server.sql.errors import first_line, is_away, is_full
from macropod_server.sql.limits import WAIT_SECONDS, open_pool

_CONNECTIONS = 7
_SQLITE_CONNECTIONS = 40
_SIZES = ("cache_size=-512", f"journal_size_limit={64 * 1024**2}")
"""More cache in each connection would be the same pages over and over, which the system keeps in memory; and a log that
grew while a reader held it up does not keep its size."""
_DRIVERS = {"sqlite", "sqlite+pysqlite", "postgresql", "postgresql+psycopg"}


class DatabaseUnavailable(Unavailable):
    """The database is away, locked or full; nothing was changed."""


class DatabaseFull(DatabaseUnavailable, OutOfSpace):
    """Nothing more can be written until somebody frees space; nothing was changed."""


class Database:
    """`on_commit` is told of each event and tick once it is committed. `statement_seconds` None: without limit."""

    def __init__(
        self, url: str | URL, *, connections: int = _CONNECTIONS, statement_seconds: float | None = WAIT_SECONDS
    ) -> None:
        self.url = _read_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = (
            _sqlite_engine(self.url)
            if self.is_sqlite
            else open_pool(self.url, connections=connections, statement_seconds=statement_seconds)
        )
        self.on_commit: Callable[[Event | Tick], None] = lambda _row: None
        self._connections = connections
        self._by_mode = {mode: self._in_mode(mode) for mode in ("IMMEDIATE", "DEFERRED")}
        # SQLite takes one writer at a time and lets the others poll; waiting in line here is fair and faster.
        self._writer = threading.Lock()

    def beside(self, *, statement_seconds: float | None) -> "Database":
        """The same database through connections of its own, which nobody else can use up."""
        other = Database(self.url, connections=self._connections, statement_seconds=statement_seconds)
        other._writer, other.on_commit = self._writer, self.on_commit
        return other

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction that commits at the end of the block, or rolls back when the block raises."""
        with self._turn(), self._session("IMMEDIATE") as session, session.begin():
            with noted(session):
                yield session
            session.flush()
            for act in session.info["last"]:
                act()
        if act_noted := session.info.get("noted"):
            act_noted.is_noted = True
        for each in session.info["told"]:
            self.on_commit(each)

    @contextmanager
    def read(self) -> Iterator[Session]:
        with self._session("DEFERRED") as session:
            yield session

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self.is_sqlite:
            yield
            return
        if not self._writer.acquire(timeout=WAIT_SECONDS):
            raise DatabaseUnavailable(f"The database is busy: others have been writing for {WAIT_SECONDS} s.")
        try:
            yield
        finally:
            self._writer.release()

    @contextmanager
    def _session(self, mode: str) -> Iterator[Session]:
        info: dict[str, Any] = {"last": [], "told": [], "made": []}
        with translated_errors(), Session(self._by_mode[mode], expire_on_commit=False, info=info) as session:
            yield session

    def _in_mode(self, mode: str) -> Engine:
        return self.engine.execution_options(sqlite_begin=mode) if self.is_sqlite else self.engine


@contextmanager
def translated_errors() -> Iterator[None]:
    try:
        yield
    except DataError as error:
        raise Invalid(f"The database cannot hold a value that was sent: {first_line(error)}") from error
    except SQLAlchemyError as error:
        if is_full(error):
            raise DatabaseFull("The disk of the database is full; nothing was changed.") from error
        if is_away(error):
            raise DatabaseUnavailable(f"The database does not answer: {first_line(error)}") from error
        raise


def _read_url(address: str | URL) -> URL:
    """Raises `Invalid` without repeating the address: it may hold a password."""
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        url = None
    if url is None or url.drivername not in _DRIVERS:
        what = f"names {url.drivername}" if url else "is no address of a database"
        raise Invalid.field(
            "MACROPOD_DATABASE_URL",
            f"MACROPOD_DATABASE_URL {what}; it takes postgresql+psycopg://user:password@host/name or sqlite:////file.",
        )
    return url


def _sqlite_engine(url: URL) -> Engine:
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url,
        connect_args={"check_same_thread": False, "timeout": WAIT_SECONDS},
        pool_size=_SQLITE_CONNECTIONS,
        pool_use_lifo=True,  # Each connection has a cache of its own: few of them, used often.
        pool_timeout=WAIT_SECONDS,
    )
    event.listen(engine, "connect", _set_up_connection)
    event.listen(engine, "begin", _begin)
    return engine


def _set_up_connection(connection: Any, _record: object) -> None:
    # The driver's own transaction handling would begin late and as a reader; we begin ourselves, in `_begin`.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", *_SIZES):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {mode}")
