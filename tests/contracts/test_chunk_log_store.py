"""What the chunk store promises beyond the port: processes may share it, crashes and a full disk do no harm."""

import resource
import signal
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest
from macropod_server.logstore.base import LogStoreUnavailable
from macropod_server.logstore.chunks import open_log_store

from tests.batches import batch

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


def start(program: str, url: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", program, url], cwd=Path(__file__).parents[2])


def test_processes_that_race_with_the_same_batches_store_every_line_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'logs.db'}"
    senders = [start(SENDER, url) for _ in range(3)]
    assert [sender.wait(60) for sender in senders] == [0, 0, 0]
    store = open_log_store(url)
    assert [line.text for line in store.read("run")] == [f"line {number}" for number in range(1, 201)]
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
