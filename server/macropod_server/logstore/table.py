"""The one table of the log store, and the engine it is reached through."""

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
    make_url,
)
from sqlalchemy.schema import CreateTable

_LOCK_TIMEOUT_SECONDS = 5

chunks = Table(
    "chunks",
    MetaData(),
    Column("run_id", String(64), primary_key=True),
    Column("first_line", BigInteger, primary_key=True, autoincrement=False),
    Column("line_count", Integer, nullable=False),
    Column("first_at", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
    Column("streams", String(32), nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
)


def open_engine(url: str) -> Engine:
    """The engine for this URL, with the table made."""
    is_sqlite = make_url(url).get_backend_name() == "sqlite"
    engine = create_engine(url, connect_args={"timeout": _LOCK_TIMEOUT_SECONDS} if is_sqlite else {})
    if is_sqlite:
        event.listen(engine, "connect", _set_up_sqlite)
    with engine.begin() as connection:
        connection.execute(CreateTable(chunks, if_not_exists=True))
    return engine


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    # FULL: in WAL mode a commit reaches the disk before it returns, so an acknowledged line survives a power cut.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "journal_size_limit=67108864"):
        connection.execute(f"PRAGMA {pragma}").close()
