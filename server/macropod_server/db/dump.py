"""All rows of a database as plain values, and back: the same for SQLite and PostgreSQL, at any revision.

The tables are read from the database itself, so that an older backup is filled into tables of its own time.
"""

import base64
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, Column, Connection, DateTime, Integer, LargeBinary, MetaData, Table, func, select, text

from macropod_server.db.engine import Database, translated_errors
from macropod_server.domain.errors import Invalid
from macropod_server.domain.portions import portions

_NOT_OURS = ("alembic_version", "chunks", "upkeep")
"""What is kept in the same database and is no table of ours: lines of logs are the log store's."""

_ROWS_AT_ONCE = 500

PlainRow = dict[str, Any]


@dataclass(frozen=True)
class Snapshot:
    """The tables as they were at one moment, however long it takes to read them."""

    _connection: Connection
    _tables: list[Table]

    def tables(self) -> list[str]:
        """Those that others refer to come before them."""
        return [table.name for table in self._tables]

    def rows(self, name: str) -> Iterator[PlainRow]:
        table = self._named(name)
        query = select(table).order_by(*table.primary_key.columns)
        for row in self._connection.execution_options(yield_per=_ROWS_AT_ONCE).execute(query).mappings():
            yield {column.name: _to_plain(row[column.name]) for column in table.columns}

    def last_numbers(self) -> dict[str, int]:
        """The last number given in each table that numbers its rows, also where that row is gone."""
        return {table.name: self._last_number(table) for table in self._tables if _number_of(table) is not None}

    def _named(self, name: str) -> Table:
        return next(table for table in self._tables if table.name == name)

    def _last_number(self, table: Table) -> int:
        highest = self._connection.scalar(select(func.max(_number_of(table)))) or 0
        return max(highest, _counter(self._connection, table))


@contextmanager
def snapshot(database: Database) -> Iterator[Snapshot]:
    patient = database.beside(statement_seconds=None)
    try:
        with translated_errors(), _one_moment(patient) as connection:
            yield Snapshot(connection, _our_tables(connection))
    finally:
        patient.close()


@contextmanager
def _one_moment(database: Database) -> Iterator[Connection]:
    if database.is_sqlite:
        # In WAL mode a transaction that has read goes on seeing what it saw then.
        with database.engine.connect() as connection:
            yield connection
        return
    with database.engine.connect().execution_options(
        isolation_level="REPEATABLE READ", postgresql_readonly=True
    ) as connection:
        # The disk the backup is written to may be slow.
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        yield connection


class Filling:
    """Fills empty tables, in one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._tables = {table.name: table for table in _our_tables(connection)}

    def fill(self, name: str, rows: Iterable[PlainRow]) -> int:
        """Raises `Invalid` for a table or column that this revision does not have."""
        table, count = self._named(name), 0
        for some in portions(rows, _ROWS_AT_ONCE):
            self._connection.execute(table.insert(), [self._values(table, row) for row in some])
            count += len(some)
        return count

    def go_on_after(self, last_numbers: Mapping[str, int]) -> None:
        """The next row of each of these tables gets a higher number."""
        for name, last in last_numbers.items():
            _set_counter(self._connection, self._named(name), last)

    def _named(self, name: str) -> Table:
        if name not in self._tables:
            raise Invalid(f"The backup has a table {name!r}, which this version of the tables does not have.")
        return self._tables[name]

    def _values(self, table: Table, row: PlainRow) -> PlainRow:
        if unknown := row.keys() - table.columns.keys():
            raise Invalid(f"The backup's table {table.name!r} has columns nobody knows: {', '.join(sorted(unknown))}.")
        naive = self._connection.dialect.name == "sqlite"
        return {name: _from_plain(table.columns[name], value, naive=naive) for name, value in row.items()}


@contextmanager
def filling(database: Database) -> Iterator[Filling]:
    """All of it or nothing: what raises in the block undoes it."""
    patient = database.beside(statement_seconds=None)
    engine = patient.engine.execution_options(sqlite_begin="IMMEDIATE") if patient.is_sqlite else patient.engine
    try:
        with translated_errors(), engine.begin() as connection:
            yield Filling(connection)
    finally:
        patient.close()


def is_empty(database: Database) -> bool:
    """Whether there are no tables yet, or no rows in any."""
    with translated_errors(), database.engine.connect() as connection:
        return not any(connection.execute(select(table).limit(1)).first() for table in _our_tables(connection))


def _our_tables(connection: Connection) -> list[Table]:
    metadata = MetaData()
    metadata.reflect(connection)
    for table in metadata.tables.values():
        for column in table.columns:
            if isinstance(column.type, JSON):
                column.type.none_as_null = True
    return [table for table in metadata.sorted_tables if table.name not in _NOT_OURS]


def _to_plain(value: Any) -> Any:
    match value:
        case datetime():
            aware = value if value.tzinfo else value.replace(tzinfo=UTC)
            return aware.astimezone(UTC).isoformat()
        case bytes():
            return base64.b64encode(value).decode()
    return value


def _from_plain(column: "Column[Any]", value: Any, *, naive: bool) -> Any:
    if value is None:
        return None
    if isinstance(column.type, DateTime):
        moment = datetime.fromisoformat(value)
        return moment.replace(tzinfo=None) if naive else moment
    if isinstance(column.type, LargeBinary):
        return base64.b64decode(value)
    return value


def _number_of(table: Table) -> "Column[Any] | None":
    """The column that numbers the rows."""
    columns = list(table.primary_key.columns)
    is_numbered = len(columns) == 1 and isinstance(columns[0].type, Integer) and table.name != "installation"
    return columns[0] if is_numbered else None


def _counter(connection: Connection, table: Table) -> int:
    if connection.dialect.name == "sqlite":
        counted = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
        return connection.scalar(counted, {"name": table.name}) or 0 if _has_counters(connection) else 0
    sequence = _sequence(connection, table)
    return connection.scalar(text(f"SELECT last_value FROM {sequence} WHERE is_called")) or 0 if sequence else 0


def _set_counter(connection: Connection, table: Table, last: int) -> None:
    if connection.dialect.name == "sqlite":
        # Without AUTOINCREMENT it goes on after the highest number there is.
        if _has_counters(connection):
            named = {"name": table.name, "last": last}
            connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), named)
            connection.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)"), named)
    elif last and (sequence := _sequence(connection, table)):
        connection.execute(select(func.setval(sequence, last)))


def _has_counters(connection: Connection) -> bool:
    return connection.dialect.has_table(connection, "sqlite_sequence")


def _sequence(connection: Connection, table: Table) -> str | None:
    column = _number_of(table)
    assert column is not None
    found: str | None = connection.scalar(select(func.pg_get_serial_sequence(table.name, column.name)))
    return found
