"""Reads the tables as anybody with a database client could: SQL of its own, nothing of the server."""

import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import psycopg

Instant = datetime | None


@dataclass(frozen=True)
class TaskRow:
    id: str
    name: str
    kind: str
    status: str
    every_seconds: int | None
    starts_at: Instant
    ends_at: Instant
    missed: str
    overlap: str
    created_at: datetime
    kill_asked_at: Instant
    next_due_at: Instant


@dataclass(frozen=True)
class TickRow:
    task_id: str
    due_at: datetime
    outcome: str
    reason: str | None
    run_id: str | None
    created_at: datetime


@dataclass(frozen=True)
class RunRow:
    id: str
    task_id: str | None
    orchestration_id: str
    kind: str
    cause: str
    status: str
    reason: str | None
    message: str | None
    exit_code: int | None
    attempt: int
    first_run_id: str | None
    due_at: Instant
    created_at: datetime
    claimed_at: Instant
    started_at: Instant
    ended_at: Instant
    stop_requested_at: Instant
    removed_at: Instant


@dataclass(frozen=True)
class MoveRow:
    run_id: str
    from_status: str | None
    to_status: str
    at: datetime


@dataclass(frozen=True)
class EventRow:
    id: int
    kind: str
    run_id: str


@dataclass(frozen=True)
class OrchestrationRow:
    id: str
    sha256: str
    status: str
    message: str | None
    deleted_at: Instant


@dataclass(frozen=True)
class EnvironmentRow:
    digest: str
    name: str
    status: str
    archive_sha256: str | None


@dataclass(frozen=True)
class Rows:
    tasks: list[TaskRow]
    ticks: list[TickRow]
    runs: list[RunRow]
    moves: list[MoveRow]
    events: list[EventRow]
    orchestrations: list[OrchestrationRow]
    environments: list[EnvironmentRow]


T = TypeVar("T")


def read_rows(url: str) -> Rows:
    with closing(_connect(url)) as connection:
        return Rows(
            tasks=_read(connection, TaskRow, "tasks"),
            ticks=_read(connection, TickRow, "ticks"),
            runs=_read(connection, RunRow, "runs"),
            moves=_read(connection, MoveRow, "run_events", order="id"),
            events=_read(connection, EventRow, "events", order="id"),
            orchestrations=_read(connection, OrchestrationRow, "orchestrations"),
            environments=_read(connection, EnvironmentRow, "environments"),
        )


def unfinished(url: str) -> int:
    query = "SELECT count(*) FROM runs WHERE status IN ('queued', 'starting', 'running')"
    with closing(_connect(url)) as connection:
        count: int = connection.execute(query).fetchone()[0]
        return count


def installation_id(url: str) -> str | None:
    """None where the database never came so far."""
    with suppress(sqlite3.Error, psycopg.Error), closing(_connect(url)) as connection:
        found: str = connection.execute("SELECT installation_id FROM installation").fetchone()[0]
        return found
    return None


def _connect(url: str) -> Any:
    if url.startswith("sqlite:///"):
        return sqlite3.connect(f"{Path(url.removeprefix('sqlite:///')).as_uri()}?mode=ro", uri=True, timeout=30)
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


def _read(connection: Any, kind: type[T], table: str, *, order: str = "created_at") -> list[T]:
    known = fields(kind)  # type: ignore[arg-type]
    names = ", ".join(each.name for each in known)
    found = connection.execute(f"SELECT {names} FROM {table} ORDER BY {order}").fetchall()
    instants = {number for number, each in enumerate(known) if each.type in (datetime, Instant)}
    return [
        kind(*(_instant(value) if number in instants else value for number, value in enumerate(row))) for row in found
    ]


def _instant(value: Any) -> datetime | None:
    """SQLite keeps instants as text without a zone, in UTC."""
    if value is None:
        return None
    stored = datetime.fromisoformat(value) if isinstance(value, str) else value
    return stored.replace(tzinfo=UTC) if stored.tzinfo is None else stored.astimezone(UTC)
