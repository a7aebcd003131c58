"""How many rows each table has, and what it takes on disk."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, SQLModel, func, select

from macropod_server.db.engine import Database


@dataclass(frozen=True)
class TableSize:
    """`bytes` with its indexes; None where the database cannot tell."""

    name: str
    rows: int
    bytes: int | None


def table_sizes(database: Database) -> list[TableSize]:
    with database.read() as session:
        rows = {table.name: _rows(session, table.name) for table in SQLModel.metadata.sorted_tables}
    taken = _bytes_of_tables(database)
    return [TableSize(name, count, taken.get(name)) for name, count in rows.items()]


def database_bytes(database: Database) -> int:
    if database.is_sqlite:
        path = Path(database.url.database or "")
        return sum(_size(path.with_name(path.name + ending)) for ending in ("", "-wal", "-shm"))
    with database.read() as session:
        return int(session.scalar(select(func.pg_database_size(func.current_database()))) or 0)


def _rows(session: Session, name: str) -> int:
    return session.exec(select(func.count()).select_from(SQLModel.metadata.tables[name])).one()


def _bytes_of_tables(database: Database) -> dict[str, int]:
    query = _SQLITE if database.is_sqlite else _POSTGRESQL
    with database.engine.connect() as connection:
        try:
            return {name: int(size) for name, size in connection.execute(text(query))}
        except OperationalError:
            # SQLite can be built without the table that tells of pages.
            return {}


_SQLITE = """
SELECT schema.tbl_name, SUM(pages.pgsize) FROM dbstat AS pages
JOIN sqlite_schema AS schema ON schema.name = pages.name WHERE pages.aggregate = TRUE GROUP BY schema.tbl_name
"""
_POSTGRESQL = """
SELECT relname, pg_total_relation_size(oid) FROM pg_class
WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
"""


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
