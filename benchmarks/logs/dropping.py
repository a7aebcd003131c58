"""A million ended runs that are older than is kept go, with their lines, while schedules tick: how late those are.

Process spawner. The runs of 100 tasks, 31 to 61 days old, each with four moves, a tick and a chunk of 40 lines as the
log store packs them, are put into the databases while the server is down. 60 schedules tick once a minute each, one a
second, and every tick starts a run. How late a tick is says the row of its run. The baseline is the same server with
the same rows, told to keep everything. Then the lines go (MACROPOD_KEEP_LOGS_DAYS=30), and a line that says so is left
of each log; then the rows with all that is left (MACROPOD_KEEP_RUNS_DAYS=30). Retention by number is off, and events of
the old runs there are none. The first ten seconds after each start do not count. Each is looked at for ten minutes at
most; what all of it takes is reckoned from what went until then.
"""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import macropod

from benchmarks.figures import Figure, at_most, percentile
from benchmarks.logs.old_runs import fill_with_old_runs
from benchmarks.server import ROOT, Server, new_folder

RUNS = 1_000_000
_SCHEDULES = 60
_BASELINE_SECONDS = 180.0
_SETTLING_SECONDS = 10.0
_LOOK_SECONDS = 1.0
_SHORTEST_SECONDS, _LONGEST_SECONDS = 60.0, 600.0
_USAGE_CALLS = 20
_LONG = 365 * 24 * 3600
_EVERYTHING = {
    f"keep_{what}": 0 for what in ("runs_days", "runs_per_task", "logs_days", "ticks_per_task", "tasks_days")
}
_OLD = datetime.now(UTC) - timedelta(days=30)

_LINES_LEFT = "FROM run_logs WHERE workspace_id = 1 AND ended_at < ?"
_ROWS_LEFT = "FROM runs WHERE workspace_id = 1 AND created_at < ?"


@dataclass(frozen=True)
class Stretch:
    """How late ticks were, and how long their runs took from row to end, in milliseconds, in so many seconds."""

    late: list[float]
    took: list[float]
    seconds: float


def measure(*, runs: int = RUNS, baseline_seconds: float = _BASELINE_SECONDS) -> list[Figure]:
    """Takes about 5 GB of disk, and leaves nothing there."""
    with new_folder() as folder:
        with _server(folder) as server, server.client() as client:
            _schedule(client)
        fill_with_old_runs(server.data_dir, runs)
        usage, usual = _baseline(folder, baseline_seconds)
        lines, all_lines_took = _while_dropping(folder, _LINES_LEFT, runs, keep_logs_days=30)
        rows, all_rows_took = _while_dropping(folder, _ROWS_LEFT, runs, keep_runs_days=30)
    return [
        Figure(f"log usage of {runs:,} runs, p50", usage, "ms", targets=(at_most(500),)),
        Figure(f"lines of {runs:,} runs dropped in all", all_lines_took, "s"),
        *_figures(lines, usual),
        Figure(f"{runs:,} runs dropped in all", all_rows_took, "s"),
        *_figures(rows, usual),
    ]


def _figures(dropping: Stretch, usual: Stretch) -> list[Figure]:
    late, took = dropping.late, dropping.took
    return [
        Figure("ticks late meanwhile, p50", percentile(late, 50), "ms", percentile(usual.late, 50)),
        Figure("the same, p99", percentile(late, 99), "ms", percentile(usual.late, 99), (at_most(1000),)),
        Figure(f"the same, worst of {len(late):,}", max(late), "ms", max(usual.late)),
        Figure("run from its row to its end meanwhile, p50", percentile(took, 50), "ms", percentile(usual.took, 50)),
    ]


def _server(folder: Path, **keep: int) -> Server:
    return Server(folder, **_EVERYTHING | keep)


def _schedule(client: macropod.Client) -> None:
    orchestration = client.upload_orchestration(ROOT / "examples" / "hello").wait()
    orchestration.run_once("the pattern of the old ones").last_runs()[0].wait()
    begin = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=1)
    for number in range(_SCHEDULES):
        starts_at = begin + timedelta(seconds=number)
        orchestration.run_scheduled(f"ticking {number}", every=60, starts_at=starts_at, timeout=_LONG)


def _baseline(folder: Path, seconds: float) -> tuple[float, Stretch]:
    with _server(folder) as server, server.client() as client:
        until = time.monotonic() + _SETTLING_SECONDS + seconds
        usual = _stretch(server, lambda: time.monotonic() < until)
        calls = sorted(_milliseconds(client.log_usage) for _ in range(_USAGE_CALLS))
    return percentile(calls, 50), usual


def _while_dropping(folder: Path, left: str, runs: int, **keep: int) -> tuple[Stretch, float]:
    """Also how long all of it takes."""
    with _server(folder, **keep) as server, closing(_connect(server)) as connection:
        until, old = time.monotonic() + _LONGEST_SECONDS, (_plain(_OLD),)

        def goes_on() -> bool:
            return time.monotonic() < until and bool(connection.execute(f"SELECT 1 {left} LIMIT 1", old).fetchone())

        stretch = _stretch(server, goes_on)
        (count,) = connection.execute(f"SELECT count(*) {left}", old).fetchone()
    return stretch, stretch.seconds * runs / (runs - count)


def _stretch(server: Server, goes_on: Callable[[], bool]) -> Stretch:
    began, since = time.monotonic(), datetime.now(UTC) + timedelta(seconds=_SETTLING_SECONDS)
    while goes_on():
        time.sleep(_LOOK_SECONDS)
    seconds = time.monotonic() - began
    time.sleep(max(0, _SHORTEST_SECONDS - seconds))
    until = datetime.now(UTC)
    with closing(_connect(server)) as connection:
        query = "SELECT due_at, created_at, ended_at FROM runs WHERE due_at >= ? AND due_at < ? AND created_at >= ?"
        rows = connection.execute(query, (_plain(since), _plain(until), _plain(_OLD))).fetchall()
    late = [_between(due_at, created_at) for due_at, created_at, _ in rows]
    return Stretch(late, [_between(created_at, ended_at) for _, created_at, ended_at in rows if ended_at], seconds)


def _connect(server: Server) -> sqlite3.Connection:
    return sqlite3.connect(server.data_dir / "macropod.db", timeout=30)


def _plain(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")


def _between(first: str, then: str) -> float:
    return (datetime.fromisoformat(then) - datetime.fromisoformat(first)).total_seconds() * 1000


def _milliseconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000
