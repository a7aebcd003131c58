"""Any number of runs that ended long ago, put by SQL into the databases of a server that is down."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from macropod_server.domain.lines import Stream, encode_segment
from macropod_server.logstore.packing import pack
from macropod_server.logstore.places import following

_TASKS = 100
_OLDEST, _NEWEST = timedelta(days=61), timedelta(days=31)
_LINES = 40
_LINE = "INFO worker-{number} request GET /houses/prices status=200 bytes={number}417 took {number} ms"
_UUID = "lower(printf('%s-%s-%s-%s-%s', {}))".format(", ".join(f"hex(randomblob({size}))" for size in (4, 2, 2, 2, 6)))
_AT = "strftime('%Y-%m-%d %H:%M:%f', ?1 + n * ?2, 'unixepoch') || '000'"
_NUMBERS = "WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < ?3)"
_MOVES = ((None, "queued"), ("queued", "starting"), ("starting", "running"), ("running", "success"))


def fill_with_old_runs(data_dir: Path, count: int) -> None:
    with closing(sqlite3.connect(data_dir / "macropod.db", isolation_level=None)) as connection:
        for pragma in ("synchronous=OFF", "cache_size=-1000000", "foreign_keys=OFF"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("ATTACH ? AS lines", (str(data_dir / "logs.db"),))
        connection.execute("PRAGMA lines.cache_size=-1000000")
        connection.execute("BEGIN")
        _fill_runs(connection, count)
        assert connection.execute("SELECT count(*) FROM old_runs").fetchone() == (count,)
        _fill_chunks(connection)
        connection.execute("COMMIT")
        for name in ("main", "lines"):
            connection.execute(f"PRAGMA {name}.wal_checkpoint(TRUNCATE)")


def _fill_runs(connection: sqlite3.Connection, count: int) -> None:
    began = (datetime.now(UTC) - _OLDEST).timestamp()
    apart = (_OLDEST - _NEWEST).total_seconds() / count
    _copy(connection, "tasks", "(SELECT n FROM numbers)", {"id": _UUID, "name": "'old ' || n"}, (began, apart, _TASKS))
    connection.execute("CREATE TEMP TABLE old_tasks AS SELECT id FROM tasks WHERE name LIKE 'old %'")
    task = f"(SELECT id FROM old_tasks WHERE rowid = n % {_TASKS} + 1)"
    moments = dict.fromkeys(("due_at", "created_at", "claimed_at", "started_at", "ended_at", "contact_at"), _AT)
    facts = {"id": _UUID, "task_id": task, "status": "'success'", "reason": "'completed'", "removed_at": _AT}
    facts |= moments | {"kind": "'task'", "cause": "'schedule'", "lease": "1", "exit_code": "0"}
    _copy(connection, "runs", "(SELECT n FROM numbers)", facts, (began, apart, count))
    connection.execute(
        "CREATE TEMP TABLE old_runs AS SELECT id, workspace_id, task_id, due_at, ended_at FROM runs WHERE ended_at < ?",
        ((datetime.now(UTC) - timedelta(days=30)).strftime("%Y-%m-%d"),),
    )
    for before, after in _MOVES:
        columns = "run_id, from_status, to_status, reason, at"
        query = f"INSERT INTO run_events ({columns}) SELECT id, ?, ?, NULL, ended_at FROM old_runs"
        connection.execute(query, (before, after))
    connection.execute(
        "INSERT INTO ticks (task_id, due_at, outcome, run_id, created_at) "
        "SELECT task_id, due_at, 'started', id, due_at FROM old_runs"
    )


def _copy(
    connection: sqlite3.Connection, table: str, numbers: str, facts: dict[str, str], values: tuple[float, float, int]
) -> None:
    """So many rows like one that is there, but for these facts."""
    names = [name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})")]
    parts = ", ".join(facts.get(name, f"one.{name}") for name in names)
    one = f"(SELECT * FROM {table} LIMIT 1)"
    query = f"{_NUMBERS} INSERT INTO {table} SELECT {parts} FROM {numbers}, {one} AS one WHERE ?1 + ?2 > 0"
    connection.execute(query, values)


def _fill_chunks(connection: sqlite3.Connection) -> None:
    at = datetime.now(UTC) - _NEWEST
    lines = [_LINE.format(number=number) for number in range(_LINES)]
    chunk = pack("", 1, encode_segment(at, Stream.STDOUT, lines)) or {}
    chunk |= following(None, chunk)
    names = [name for name in chunk if name != "run_id"]
    asked = ", ".join("?" for _ in names)
    query = f"INSERT INTO lines.chunks (run_id, {', '.join(names)}) SELECT id, {asked} FROM old_runs"
    connection.execute(query, [chunk[name] for name in names])
    columns = "run_id, workspace_id, task_id, ended_at, bytes, text_bytes, line_count, bucket_bytes"
    sizes = (len(chunk["body"]), chunk["size_bytes"], chunk["line_count"])
    connection.execute(
        f"INSERT INTO run_logs ({columns}) SELECT id, workspace_id, task_id, ended_at, ?, ?, ?, 0 FROM old_runs", sizes
    )
