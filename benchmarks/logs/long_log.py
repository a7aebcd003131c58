"""Reading a log of ten million lines."""

import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import macropod
import psutil
from macropod_server.domain.lines import Stream, encode_segment
from macropod_server.logstore.chunks import open_log_store

from benchmarks.figures import Figure, at_most, median
from benchmarks.scripts import HELLO, write_script
from benchmarks.server import Server
from benchmarks.submission import finished_run

LINES = 10_000_000

_BATCH_LINES = 10_000
_SHOWN = 100
_CALLS = 30
_MIB = 1024**2
_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
_LINES_PER_SECOND = 1000


def long_log_figures(folder: Path, *, lines: int) -> list[Figure]:
    (folder / "long").mkdir()
    rows = folder / "long" / "rows.db"
    with Server(folder / "long") as server, server.client() as client, server.rest() as rest:
        run = finished_run(client.upload_orchestration(write_script(folder / "long", HELLO).parent).wait())
        _store(server.data_dir / "logs.db", run, lines)
        _store_rows(rows, lines)
        with closing(sqlite3.connect(rows)) as database:
            timed = list(_reading_figures(run, rest, database, lines))
        return [*timed, *_download_figures(run, server, folder / "long")]


def _text(number: int) -> str:
    block = number * 7919 % 1_000_003
    return f"{number:>9} worker {number % 16:02} has read block {block:>7} of the file that it was given to read today"


def _printed_at(number: int) -> datetime:
    return _BEGIN + timedelta(seconds=number // _LINES_PER_SECOND)


def _store(file: Path, run: macropod.Run, lines: int) -> None:
    """As the server would, without its HTTP. The run's own line stays the first."""
    with closing(open_log_store(f"sqlite:///{file}")) as store:
        first = store.expected(run.id)
        while first <= lines:
            until = min(first + _BATCH_LINES, lines + 1)
            seconds = range(first // _LINES_PER_SECOND, (until - 1) // _LINES_PER_SECOND + 1)
            batch = b"".join(_segment(second, first, until) for second in seconds)
            first = store.append(run.id, first=first, batch=batch)


def _segment(second: int, first: int, until: int) -> bytes:
    numbers = range(max(first, second * _LINES_PER_SECOND), min(until, (second + 1) * _LINES_PER_SECOND))
    return encode_segment(_printed_at(second * _LINES_PER_SECOND), Stream.STDOUT, [_text(each) for each in numbers])


def _store_rows(file: Path, lines: int) -> None:
    def rows() -> Iterator[tuple[str, int, int, str, str]]:
        for number in range(1, lines + 1):
            yield "run", number, int(_BEGIN.timestamp()) + number // _LINES_PER_SECOND, "stdout", _text(number)

    with closing(sqlite3.connect(file)) as database, database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute(
            "CREATE TABLE line (run TEXT, number INT, at INT, stream TEXT, text TEXT, PRIMARY KEY (run, number))"
        )
        database.executemany("INSERT INTO line VALUES (?, ?, ?, ?, ?)", rows())
        database.execute("CREATE INDEX line_at ON line (run, at)")


def _reading_figures(
    run: macropod.Run, rest: httpx2.Client, database: sqlite3.Connection, lines: int
) -> Iterator[Figure]:
    places = [lines * (2 * call + 1) // (2 * _CALLS) for call in range(_CALLS)]
    select = "SELECT number, at, stream, text FROM line WHERE run = 'run'"
    order = f"ORDER BY number LIMIT {_SHOWN}"

    def read(query: str) -> int:
        found = rest.get(f"/v1/runs/{run.id}/logs?{query}").raise_for_status().json()["lines"]
        return len(found)

    def since(place: int) -> str:
        return _printed_at(place).isoformat().replace("+00:00", "Z")

    def row_count(condition: str, order: str = order) -> int:
        return len(database.execute(f"{select} {condition} {order}").fetchall())

    ways: dict[str, tuple[Callable[[int], int], Callable[[int], int]]] = {
        f"tail of {_SHOWN}": (
            lambda _place: read(f"tail={_SHOWN}"),
            lambda _place: row_count("", f"ORDER BY number DESC LIMIT {_SHOWN}"),
        ),
        f"range of {_SHOWN} anywhere": (
            lambda place: read(f"first={place}&limit={_SHOWN}"),
            lambda place: row_count(f"AND number >= {place}"),
        ),
        f"jump to a time, {_SHOWN} lines": (
            lambda place: read(f"since={since(place)}&limit={_SHOWN}"),
            lambda place: row_count(
                f"AND at >= {int(_printed_at(place).timestamp())}", f"ORDER BY at, number LIMIT {_SHOWN}"
            ),
        ),
    }
    for what, (ours, theirs) in ways.items():
        value, baseline = (median([_milliseconds(way, place) for place in places]) for way in (ours, theirs))
        yield Figure(f"{lines:,} lines: {what}", value, "ms", baseline, (at_most(50),))


def _milliseconds(read: Callable[[int], int], place: int) -> float:
    began = time.perf_counter()
    if read(place) != _SHOWN:
        raise RuntimeError(f"At {place} other than {_SHOWN} lines were read.")
    return (time.perf_counter() - began) * 1000


def _download_figures(run: macropod.Run, server: Server, folder: Path) -> Iterator[Figure]:
    with _Peak(server.pid) as memory:
        began = time.perf_counter()
        target = run.download_logs(folder / "log")
        seconds = time.perf_counter() - began
    began = time.perf_counter()
    shutil.copyfile(target, folder / "copy")
    copied = time.perf_counter() - began
    size = target.stat().st_size
    yield Figure(f"download of {size / 1e9:.2f} GB of text", seconds, "s", copied)
    yield Figure("memory of the server meanwhile: growth", memory.growth_bytes / _MIB, "MiB", targets=(at_most(100),))
    began = time.perf_counter()
    packed = run.download_logs(folder / "log.gz", gzip=True)
    ratio = packed.stat().st_size / size
    yield Figure(f"the same with gzip ({ratio:.0%} of the size)", time.perf_counter() - began, "s", copied)


class _Peak:
    """How much more memory a process had at most than at the beginning."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.growth_bytes = 0

    def __enter__(self) -> "_Peak":
        self._before = self._process.memory_info().rss
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._is_over.wait(0.05):
            self.growth_bytes = max(self.growth_bytes, self._process.memory_info().rss - self._before)
