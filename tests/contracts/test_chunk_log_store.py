"""What the chunk store promises beyond the port: processes may share it, crashes and a full disk do no harm."""

import resource
import signal
import sqlite3
import subprocess
import sys
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from macropod_server.domain.lines import Stream
from macropod_server.domain.search import Pattern, Query
from macropod_server.logstore.base import Batch, LogStoreUnavailable
from macropod_server.logstore.chunks import ChunkLogStore, open_log_store
from sqlalchemy import event

from tests.batches import NOON, batch

SENDER = """
import sys
from macropod_server.logstore.chunks import open_log_store
from tests.batches import batch
store, number = open_log_store(sys.argv[1]), 1
while number <= 200:
    number = store.append("run", first=number, batch=batch(*(f"line {n}" for n in range(number, number + 5))))
"""

KILLED_AFTER_ITS_APPEND = """
import os, signal, sys
from macropod_server.logstore.chunks import open_log_store
from tests.batches import batch
open_log_store(sys.argv[1]).append("run", first=1, batch=batch("kept"))
os.kill(os.getpid(), signal.SIGKILL)
"""

MERGES_ON = """
import sys
from macropod_server.logstore.chunks import open_log_store
store = open_log_store(sys.argv[1])
print("ready", flush=True)
while store.merge("run"):
    pass
"""


def start(program: str, url: str, **options: Any) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", program, url], cwd=Path(__file__).parents[2], **options)


def test_processes_that_race_with_the_same_batches_store_every_line_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'logs.db'}"
    senders = [start(SENDER, url) for _ in range(3)]
    assert [sender.wait(60) for sender in senders] == [0, 0, 0]
    store = open_log_store(url)
    assert [line.text for line in store.read("run")] == [f"line {number}" for number in range(1, 201)]
    store.close()


def test_batches_that_come_while_one_is_written_go_to_the_disk_together(tmp_path: Path) -> None:
    store, commits = open_log_store(f"sqlite:///{tmp_path / 'logs.db'}"), []
    event.listen(store._engine, "commit", commits.append)
    firsts = [2 if number == 7 else 1 for number in range(20)]
    with ThreadPoolExecutor(20) as pool:
        with closing(sqlite3.connect(tmp_path / "logs.db")) as other:
            other.execute("BEGIN IMMEDIATE")
            appends = [
                pool.submit(store.append, f"run {number}", first=first, batch=batch("one", "two"))
                for number, first in enumerate(firsts)
            ]
            time.sleep(0.5)
            other.rollback()
        assert [each.result() for each in appends] == [1 if first == 2 else 3 for first in firsts]
    assert len(commits) <= 5
    assert store.usage().lines == 38
    store.close()


def test_a_line_that_was_acknowledged_is_there_after_a_kill(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'logs.db'}"
    assert start(KILLED_AFTER_ITS_APPEND, url).wait(60) == -signal.SIGKILL
    store = open_log_store(url)
    assert [line.text for line in store.read("run")] == ["kept"]
    store.close()


def test_a_batch_is_one_row_and_takes_less_room_than_its_text(tmp_path: Path) -> None:
    store = open_log_store(f"sqlite:///{tmp_path / 'logs.db'}")
    store.append("run", first=1, batch=batch(*["the same line again"] * 50_000))
    store.close()
    assert (tmp_path / "logs.db").stat().st_size < 100_000


def filled(tmp_path: Path, *, count: int) -> ChunkLogStore:
    """A run of so many batches of ten lines."""
    store = open_log_store(f"sqlite:///{tmp_path / 'logs.db'}")
    texts = ([f"line {number} {'x' * 90}" for number in range(first, first + 10)] for first in range(1, count * 10, 10))
    store.fill(Batch("run", 10 * place + 1, batch(*each)) for place, each in enumerate(texts))
    return store


def rows(tmp_path: Path) -> list[tuple[int, int]]:
    with closing(sqlite3.connect(tmp_path / "logs.db")) as connection:
        return connection.execute("SELECT line_count, size_bytes FROM chunks ORDER BY first_line").fetchall()


def test_a_search_reads_no_chunk_that_lies_outside_of_its_bounds(tmp_path: Path) -> None:
    store, later = open_log_store(f"sqlite:///{tmp_path / 'logs.db'}"), NOON + timedelta(hours=1)
    store.append("run", first=1, batch=batch("x"))
    store.append("run", first=2, batch=batch("x", at=later, stream=Stream.STDERR))
    with closing(sqlite3.connect(tmp_path / "logs.db")) as connection, connection:
        connection.execute("UPDATE chunks SET body = 'no lines' WHERE first_line = 1")
    for query in (Query(Pattern("x"), since=later), Query(Pattern("x"), stream=Stream.STDERR)):
        assert [match.line.number for each in store.search(["run"], query) for match in each.matches] == [2]
    store.close()


def test_a_search_holds_only_a_little_of_what_it_reads(tmp_path: Path) -> None:
    store = open_log_store(f"sqlite:///{tmp_path / 'logs.db'}")
    store.fill(Batch("run", 250 * place + 1, batch(*["x" * 999] * 250)) for place in range(200))
    query = Query(Pattern("absent"))
    tracemalloc.start()
    stretches = sum(1 for _ in store.search(["run"], query))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    store.close()
    assert stretches == 200
    assert peak < 6_000_000


def test_merged_chunks_are_few_and_not_too_large_to_read_a_line_from(tmp_path: Path) -> None:
    store = filled(tmp_path, count=1200)
    while store.merge("run"):
        pass
    store.close()
    merged = rows(tmp_path)
    assert sum(line_count for line_count, _ in merged) == 12_000
    assert len(merged) < 10
    assert max(size_bytes for _, size_bytes in merged) < 256 * 1024


@pytest.mark.parametrize("seconds", [0.0, 0.01, 0.03, 0.1])
def test_a_kill_in_the_middle_of_a_merge_loses_and_doubles_nothing(tmp_path: Path, seconds: float) -> None:
    store = filled(tmp_path, count=1500)
    with start(MERGES_ON, f"sqlite:///{tmp_path / 'logs.db'}", stdout=subprocess.PIPE) as merging:
        assert merging.stdout is not None
        merging.stdout.readline()
        time.sleep(seconds)
        merging.kill()
    assert [line.number for line in store.read("run")] == list(range(1, 15_001))
    store.close()


def test_reading_a_long_log_holds_only_a_little_of_it(tmp_path: Path) -> None:
    store, number = open_log_store(f"sqlite:///{tmp_path / 'logs.db'}"), 1
    while number < 40_000:
        number = store.append("run", first=number, batch=batch(*["x" * 999] * 250))
    tracemalloc.start()
    count = sum(1 for _ in store.read("run"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    store.close()
    assert count == number - 1
    assert peak < 4_000_000


def test_a_full_disk_refuses_the_batch_and_the_store_works_again_afterwards(tmp_path: Path) -> None:
    store = open_log_store(f"sqlite:///{tmp_path / 'logs.db'}")
    store.append("run", first=1, batch=batch("before"))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(LogStoreUnavailable):
            store.append("run", first=2, batch=batch(random_text()))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert store.append("run", first=2, batch=batch("after")) == 3
    assert [line.text for line in store.read("run")] == ["before", "after"]
    store.close()


def random_text() -> str:
    with open("/dev/urandom", "rb") as source:
        return source.read(200_000).hex()


def test_a_store_that_cannot_be_opened_says_so(tmp_path: Path) -> None:
    with pytest.raises(LogStoreUnavailable):
        open_log_store(f"sqlite:///{tmp_path / 'missing' / 'logs.db'}")
