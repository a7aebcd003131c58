"""Search over 10,000,000 stored lines of 1,000 runs, about 1 GB of text, against `grep`, `zgrep` and SQLite rows.

The client asks a server of its own over HTTP, page after page. "First" is the first page of 10 lines. A whole scan
looks for a text that is in no line. A task has a tenth of the runs, the time a tenth of the days. The baselines have
the same lines: `grep -rc` over a file per run, `zgrep -c` over the same compressed with `gzip -1`, a SQLite table with
a row per line and LIKE. All of it fits into the memory of the system. Medians of 3, taken in turns;
`zgrep` and LIKE once.
"""

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import macropod

from benchmarks.alternating import alternate
from benchmarks.figures import Figure, at_most, median
from benchmarks.logs import corpus
from benchmarks.server import ROOT, Server, new_folder

_ROUNDS = 3
_KEEP = {"keep_runs_per_task": corpus.RUNS}
_LIKE = "SELECT count(*) FROM lines WHERE text LIKE ?"


@dataclass(frozen=True)
class _Grounds:
    """Where the same lines are kept in each way."""

    folder: Path
    task_ids: list[str]
    ended_at: datetime


def measure() -> list[Figure]:
    with new_folder() as folder:
        server = Server(folder, **_KEEP)
        grounds = _prepare(folder, server)
        with server, server.client() as client:
            return _measure(client, grounds)


def _prepare(folder: Path, server: Server) -> _Grounds:
    with server, server.client() as client:
        orchestration_id = client.upload_orchestration(ROOT / "examples" / "hello").wait().id
    ended_at = datetime.now(UTC) - timedelta(minutes=1)
    task_ids, run_ids = corpus.fill_database(server.data_dir / "macropod.db", orchestration_id, ended_at=ended_at)
    lines = partial(corpus.printed, run_ids, ended_at=ended_at)
    corpus.fill_store(f"sqlite:///{server.data_dir / 'logs.db'}", lines())
    corpus.fill_files(folder, lines())
    corpus.fill_rows(folder / "rows.db", lines())
    return _Grounds(folder, task_ids, ended_at)


def _measure(client: macropod.Client, grounds: _Grounds) -> list[Figure]:
    since = grounds.ended_at - timedelta(minutes=40) * corpus.RUNS / 10
    search = partial(_seconds, client)
    ways: list[Callable[[], float]] = [
        partial(search, corpus.FREQUENT, count=10),
        partial(search, corpus.RARE, count=1),
        partial(search, corpus.ABSENT),
        partial(search, corpus.ABSENT, ignore_case=True),
        partial(search, r"took \d{6,} ms", regex=True),
        partial(search, corpus.ABSENT, task=grounds.task_ids[3]),
        partial(search, corpus.ABSENT, since=since),
        partial(_grep, grounds.folder / "text"),
    ]
    first, rare, whole, any_case, regex, of_task, of_time, grep = map(median, alternate(ways, rounds=_ROUNDS))
    zgrep, like = _zgrep(grounds.folder / "gzip"), _like(grounds.folder / "rows.db")
    return [
        Figure("search: first 10 lines of a frequent text", first * 1000, "ms", targets=(at_most(300),)),
        Figure("search: a text only the oldest run has, bare grep", rare, "s", grep),
        Figure("search: whole scan, bare grep", whole, "s", grep, (at_most(5),)),
        Figure("search: whole scan, bare zgrep", whole, "s", zgrep),
        Figure("search: whole scan, bare LIKE over SQLite rows", whole, "s", like),
        Figure("search: whole scan, upper and lower case alike", any_case, "s", targets=(at_most(5),)),
        Figure("search: whole scan, regular expression", regex, "s", targets=(at_most(5),)),
        Figure("search: a task with a tenth of the runs, bare whole scan", of_task, "s", whole),
        Figure("search: a tenth of the days, bare whole scan", of_time, "s", whole),
    ]


def _seconds(client: macropod.Client, text: str, *, count: int | None = None, **how: Any) -> float:
    began = time.perf_counter()
    found = list(islice(client.search_logs(text, limit=count, **how), count))
    seconds = time.perf_counter() - began
    if len(found) != (count or 0):
        raise RuntimeError(f"{len(found)} lines with {text!r} were found; there should be {count or 0}.")
    return seconds


def _grep(folder: Path) -> float:
    return _command(f"LC_ALL=C grep -rcF '{corpus.ABSENT}' {folder} | grep -v ':0$'")


def _zgrep(folder: Path) -> float:
    return _command(f"LC_ALL=C zgrep -cF '{corpus.ABSENT}' {folder}/*.gz | grep -v ':0$'")


def _like(path: Path) -> float:
    import sqlite3

    began = time.perf_counter()
    [(count,)] = sqlite3.connect(path).execute(_LIKE, (f"%{corpus.ABSENT}%",))
    assert count == 0
    return time.perf_counter() - began


def _command(words: str) -> float:
    began = time.perf_counter()
    subprocess.run(words, shell=True, check=False, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began
