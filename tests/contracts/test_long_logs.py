"""Long logs of the chunk store: times are found in a few looks, also in stores of earlier versions; the cap."""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from macropod_server.domain.lines import Line, Stream
from macropod_server.domain.search import Pattern, Query
from macropod_server.logstore.chunks import ChunkLogStore, open_log_store
from sqlalchemy import event

from tests.batches import NOON, batch, batch_of
from tests.fakes.logstore import MemoryLogStore

FIRST_VERSION = """
CREATE TABLE chunks (
    run_id VARCHAR(64) NOT NULL, first_line BIGINT NOT NULL, line_count INTEGER NOT NULL, first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL, streams VARCHAR(32) NOT NULL, size_bytes INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (run_id, first_line))
"""
COLUMNS = "run_id, first_line, line_count, first_at, last_at, streams, size_bytes, body"


def opened(folder: Path, **options: int) -> ChunkLogStore:
    return open_log_store(f"sqlite:///{folder / 'logs.db'}", **options)


@contextmanager
def statements(store: ChunkLogStore) -> Iterator[list[str]]:
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(store._engine, "before_cursor_execute", note)
    yield asked
    event.remove(store._engine, "before_cursor_execute", note)


def on_a_clock_that_is_set_back(chance: random.Random, count: int) -> list[Line]:
    lines, moment = [], NOON
    for number in range(1, count + 1):
        moment += timedelta(seconds=chance.choice([0, 1, 2]))
        if chance.random() < 0.02:
            moment -= timedelta(seconds=chance.randint(1, 200))
        lines.append(Line(number, moment, chance.choice([Stream.STDOUT, Stream.STDERR]), f"line {number}"))
    return lines


def fill(store: ChunkLogStore | MemoryLogStore, lines: list[Line], chance: random.Random) -> None:
    place = 0
    while place < len(lines):
        size = chance.randint(1, 9)
        store.append("run", first=place + 1, batch=batch_of(lines[place : place + size]))
        place += size


def compare(store: ChunkLogStore, lines: list[Line], chance: random.Random) -> None:
    moments = [line.printed_at for line in lines]
    for _ in range(60):
        since, until = (
            chance.choice([None, chance.choice(moments) + timedelta(seconds=chance.randint(-3, 3))]) for _ in range(2)
        )
        wanted = [
            line
            for line in lines
            if (since is None or since <= line.printed_at) and (until is None or line.printed_at < until)
        ]
        first = chance.randint(1, len(lines))
        read = store.read("run", first=first, since=since, until=until)
        assert list(read) == [line for line in wanted if line.number >= first]
        assert store.tail("run", limit=20, since=since, until=until) == wanted[-20:]


@pytest.mark.parametrize("seed", range(4))
def test_times_are_found_also_where_the_clock_was_set_back(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    lines = on_a_clock_that_is_set_back(chance, 400)
    with closing(opened(tmp_path)) as store:
        fill(store, lines, chance)
        compare(store, lines, chance)


@pytest.mark.parametrize("unknown", ["all", "first", "middle"])
def test_times_are_found_in_what_earlier_versions_stored(tmp_path: Path, unknown: str) -> None:
    chance = random.Random(unknown)
    lines = on_a_clock_that_is_set_back(chance, 300)
    if unknown == "all":
        with closing(opened(tmp_path)) as made:
            fill(made, lines, chance)
        with closing(sqlite3.connect(tmp_path / "logs.db")) as connection, connection:
            connection.execute("ALTER TABLE chunks RENAME TO later")
            connection.execute(FIRST_VERSION)
            connection.execute(f"INSERT INTO chunks SELECT {COLUMNS} FROM later")
            connection.execute("DROP TABLE later")
    with closing(opened(tmp_path)) as store:
        fill(store, lines[:0] if unknown == "all" else lines, chance)
        if unknown != "all":
            some = "first_line = 1" if unknown == "first" else "first_line BETWEEN 100 AND 200"
            with closing(sqlite3.connect(tmp_path / "logs.db")) as connection, connection:
                connection.execute(
                    f"UPDATE chunks SET latest_at = NULL, set_back = NULL, text_before = NULL WHERE {some}"
                )
        compare(store, lines, chance)
        assert store.append("run", first=301, batch=batch("one more", at=lines[-1].printed_at)) == 302
        compare(store, list(store.read("run")), chance)


def test_a_jump_to_a_time_looks_at_few_of_many_chunks(tmp_path: Path) -> None:
    with closing(opened(tmp_path)) as store:
        for number in range(1, 2001):
            store.append("run", first=number, batch=batch(f"line {number}", at=NOON + timedelta(seconds=number)))
        for second in (1, 3, 1000, 1999, 2000):
            moment = NOON + timedelta(seconds=second)
            with statements(store) as asked:
                assert [line.number for line in store.read("run", since=moment, limit=1)] == [second]
                assert [line.number for line in store.tail("run", until=moment, limit=1)] == [second - 1] * (second > 1)
            assert len([each for each in asked if "SELECT" in each]) < 60
        with statements(store) as asked:
            assert list(store.read("run", since=NOON + timedelta(hours=1))) == []
        assert len(asked) < 10


def test_small_chunks_are_fetched_many_at_a_time(tmp_path: Path) -> None:
    with closing(opened(tmp_path)) as store:
        for number in range(1, 2001):
            store.append("run", first=number, batch=batch(f"line {number}"))
        with statements(store) as asked:
            assert sum(1 for _ in store.read("run")) == 2000
        assert len(asked) < 40


def capped(folder: Path, *, most_bytes: int, count: int, chance: random.Random) -> ChunkLogStore:
    """Lines of a hundred bytes; each batch is sent twice, as after a lost answer."""
    store, number = opened(folder, run_max_bytes=most_bytes), 1
    while number <= count:
        texts = [f"{each:0100d}" for each in range(number, number + chance.randint(1, 5))]
        at = NOON + timedelta(seconds=number)
        following = store.append("run", first=number, batch=batch(*texts, at=at))
        assert store.append("run", first=number, batch=batch(*texts, at=at)) == following == number + len(texts)
        number = following
    return store


@pytest.mark.parametrize("seed", range(3))
def test_of_a_very_long_log_the_head_and_the_tail_stay_and_a_line_says_what_is_missing(
    tmp_path: Path, seed: int
) -> None:
    with closing(capped(tmp_path, most_bytes=20_000, count=1000, chance=random.Random(seed))) as store:
        lines = list(store.read("run"))
        [gap] = [line for line in lines if line.stream is Stream.SYSTEM]
        place = lines.index(gap)
        head, tail = lines[:place], lines[place + 1 :]
        assert [line.number for line in head] == list(range(1, head[-1].number + 1))
        assert [line.number for line in tail] == list(range(gap.number + 1, store.expected("run")))
        assert all(line.text == f"{line.number:0100d}" for line in head + tail)
        assert 9_000 < len(head) * 100 < 11_000
        assert 8_000 < len(tail) * 100 < 11_000
        missing = gap.number - head[-1].number
        assert gap.text.startswith(f"{missing:,} lines ({missing * 100:,} bytes) are missing here: ")
        assert head[-1].printed_at <= gap.printed_at <= tail[0].printed_at


def test_whoever_reads_on_from_within_the_gap_is_told_of_it(tmp_path: Path) -> None:
    with closing(capped(tmp_path, most_bytes=20_000, count=1000, chance=random.Random(7))) as store:
        [gap] = [line for line in store.read("run") if line.stream is Stream.SYSTEM]
        for first in (gap.number - 300, gap.number - 1, gap.number):
            assert next(store.read("run", first=first)) == gap
        assert next(store.read("run", first=gap.number + 1)).number == gap.number + 1
        assert gap in store.tail("run", limit=3, before=gap.number + 2)
        moment = NOON + timedelta(seconds=990)
        wanted = [line for line in store.read("run") if line.printed_at >= moment]
        assert list(store.read("run", since=moment)) == wanted != []


def test_a_log_with_a_gap_is_the_same_after_it_was_carried_to_another_store(tmp_path: Path) -> None:
    (other := tmp_path / "other").mkdir()
    store = capped(tmp_path, most_bytes=20_000, count=1000, chance=random.Random(8))
    with closing(store), closing(opened(other)) as restored:
        restored.fill(store.batches())
        assert list(restored.read("run")) == list(store.read("run"))
        assert restored.expected("run") == store.expected("run")


def test_a_log_under_the_cap_is_kept_whole(tmp_path: Path) -> None:
    with closing(capped(tmp_path, most_bytes=100_000, count=900, chance=random.Random(9))) as store:
        assert [line.number for line in store.read("run")] == list(range(1, store.expected("run")))


@pytest.mark.parametrize("seed", range(4))
def test_merged_chunks_know_their_times_and_gaps_as_those_they_were_made_of(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    lines = on_a_clock_that_is_set_back(chance, 600)
    with closing(opened(tmp_path, run_max_bytes=4000)) as store:
        fill(store, lines, chance)
        kept, found = list(store.read("run")), search(store)
        assert len(kept) < len(lines)
        while store.merge("run"):
            pass
        assert store.usage().lines == len(kept)
        assert len(list(store.batches())) == 2  # What is before the gap, and from its line on.
        assert list(store.read("run")) == kept
        assert next(number for number, _ in store.segments("run")) == 1
        assert search(store) == found
        compare(store, kept, chance)
        assert store.append("run", first=601, batch=batch("one more", at=lines[-1].printed_at)) == 602
        compare(store, list(store.read("run")), chance)


def search(store: ChunkLogStore) -> list[Line]:
    query = Query(Pattern("line 5"))
    return [match.line for stretch in store.search(["run"], query) for match in stretch.matches]
