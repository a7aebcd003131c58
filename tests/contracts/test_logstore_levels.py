"""The promises of the LogStore port about levels, on the fake and on the chunk store."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from macropod_server.domain.levels import Level
from macropod_server.domain.lines import Line, Stream
from macropod_server.logstore.base import LogStore
from macropod_server.logstore.chunks import open_log_store

from tests.batches import NOON, batch_of
from tests.fakes.logstore import MemoryLogStore

TEXTS = ("DEBUG:a:b", "hello", "INFO:a:b", "WARNING:a:b", '{"level": "error"}', "CRITICAL:a:b", "  indented")
LINES = [Line(number, NOON, Stream.STDERR if number % 2 else Stream.STDOUT, TEXTS[number % 7]) for number in range(71)]
LEVELS = {0: Level.DEBUG, 2: Level.INFO, 3: Level.WARNING, 4: Level.ERROR, 5: Level.CRITICAL}


@pytest.fixture(params=["fake", "chunks"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LogStore]:
    opened: LogStore = MemoryLogStore() if request.param == "fake" else open_log_store(f"sqlite:///{tmp_path}/logs.db")
    for start in range(1, 71, 9):
        opened.append("run", first=start, batch=batch_of(LINES[start : start + 9]))
    yield opened
    opened.close()


def wanted(level: Level) -> list[Line]:
    graver = list(Level)[list(Level).index(level) :]
    return [line for line in LINES[1:] if LEVELS.get(line.number % 7) in graver]


@pytest.mark.parametrize("level", Level)
def test_only_lines_that_tell_the_level_or_a_graver_one_are_read(store: LogStore, level: Level) -> None:
    assert list(store.read("run", level=level)) == wanted(level)
    assert store.tail("run", limit=100, level=level) == wanted(level)


@pytest.mark.parametrize("limit", [0, 1, 5, 100])
def test_limits_count_the_lines_that_are_left(store: LogStore, limit: int) -> None:
    found = wanted(Level.WARNING)
    assert list(store.read("run", level=Level.WARNING, limit=limit)) == found[:limit]
    assert store.tail("run", level=Level.WARNING, limit=limit) == (found[-limit:] if limit else [])


def test_a_level_goes_with_the_other_ways_of_narrowing(store: LogStore) -> None:
    found = [line for line in wanted(Level.ERROR) if line.stream is Stream.STDERR]
    assert list(store.read("run", first=20, level=Level.ERROR, stream=Stream.STDERR)) == [
        line for line in found if line.number >= 20
    ]
    assert (
        store.tail("run", limit=3, before=40, level=Level.ERROR, stream=Stream.STDERR)
        == [line for line in found if line.number < 40][-3:]
    )
    assert [line.text for line in store.read("run", level=Level.ERROR, max_bytes=20)] == [TEXTS[4]]
