"""The tables of the log store, and the engine it is reached through."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    func,
    inspect,
    make_url,
    select,
)
from sqlalchemy.schema import CreateTable

from macropod_server.sql.limits import WAIT_SECONDS, open_pool

_SQLITE_CONNECTIONS = 40
_FIRST_START = 7_063_671
"""The lock under which servers that start at the same moment make the tables."""

_metadata = MetaData()

chunks = Table(
    "chunks",
    _metadata,
    Column("run_id", String(64), primary_key=True),
    Column("first_line", BigInteger, primary_key=True, autoincrement=False),
    Column("line_count", Integer, nullable=False),
    Column("first_at", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
    Column("streams", String(32), nullable=False),
    Column("size_bytes", Integer, nullable=False),
    # Null in what a server of an earlier version stored, and in all of that run after it; see `places.following`.
    Column("latest_at", BigInteger),
    Column("set_back", BigInteger),
    Column("text_before", BigInteger),
    # Where the body lies outside of the store, and how large it is there; see `moving`.
    Column("object", String(160)),
    Column("body_bytes", Integer),
    # Last: SQLite reads a row from its beginning.
    Column("body", LargeBinary, nullable=False),
)

upkeep = Table(
    "upkeep",
    _metadata,
    Column("name", String(32), primary_key=True),
    Column("position", BigInteger, nullable=False),
)
"""How far a work has come that goes over all runs."""

_LATER_COLUMNS = {
    "latest_at": "BIGINT",
    "set_back": "BIGINT",
    "text_before": "BIGINT",
    "object": "VARCHAR(160)",
    "body_bytes": "INTEGER",
}


def open_engine(url: str, *, connections: int = 10) -> Engine:
    """The engine for this URL, with the tables made."""
    is_sqlite = make_url(url).get_backend_name() == "sqlite"
    engine = (
        _sqlite_engine(url) if is_sqlite else open_pool(url, connections=connections, statement_seconds=WAIT_SECONDS)
    )
    with engine.begin() as connection:
        if not is_sqlite:
            connection.execute(select(func.pg_advisory_xact_lock(_FIRST_START)))
        for table in (chunks, upkeep):
            connection.execute(CreateTable(table, if_not_exists=True))
        there = {each["name"] for each in inspect(connection).get_columns(chunks.name)}
        for name, kind in _LATER_COLUMNS.items():
            if name not in there:
                connection.exec_driver_sql(f"ALTER TABLE {chunks.name} ADD COLUMN {name} {kind}")
    return engine


def _sqlite_engine(url: str) -> Engine:
    engine = create_engine(
        url,
        connect_args={"timeout": WAIT_SECONDS},
        pool_size=_SQLITE_CONNECTIONS,
        pool_use_lifo=True,  # Each connection has a cache of its own: few of them, used often.
        pool_timeout=WAIT_SECONDS,
    )
    event.listen(engine, "connect", _set_up_sqlite)
    return engine


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    # FULL: in WAL mode a commit reaches the disk before it returns, so an acknowledged line survives a power cut.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "journal_size_limit=67108864", "cache_size=-512"):
        connection.execute(f"PRAGMA {pragma}").close()
