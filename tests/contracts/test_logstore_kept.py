"""What the LogStore port promises of logs that are replaced, measured and moved, on the fake and on the chunk store."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from macropod_server.domain.lines import Line, Stream
from macropod_server.domain.search import Pattern, Query
from macropod_server.logstore.base import LogStore, LogStoreUnavailable
from macropod_server.logstore.chunks import ChunkLogStore, open_log_store

from tests.batches import NOON, batch, batch_of, some_lines
from tests.fakes.bodies import MemoryBodies
from tests.fakes.logstore import MemoryLogStore

SAID = "They are gone."


@dataclass(frozen=True)
class Moved:
    """A chunk store whose lines of "run" lie in `bodies`."""

    store: ChunkLogStore
    bodies: MemoryBodies
    lines: list[Line]


@pytest.fixture(params=["fake", "sqlite", "postgresql", "with bodies"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LogStore]:
    url = f"sqlite:///{tmp_path / 'logs.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").empty_url()
    bodies = MemoryBodies() if request.param == "with bodies" else None
    made: LogStore = MemoryLogStore() if request.param == "fake" else open_log_store(url, bodies=bodies)
    yield made
    made.close()


@pytest.fixture
def moved(tmp_path: Path) -> Iterator[Moved]:
    bodies = MemoryBodies()
    store = open_log_store(f"sqlite:///{tmp_path / 'logs.db'}", bodies=bodies)
    lines = some_lines(300)
    fill(store, lines)
    moving(store, "run")
    yield Moved(store, bodies, lines)
    store.close()


def fill(store: LogStore, lines: list[Line], *, run_id: str = "run", per_batch: int = 7) -> None:
    for start in range(0, len(lines), per_batch):
        store.append(run_id, first=lines[start].number, batch=batch_of(lines[start : start + per_batch]))


def moving(store: LogStore, *run_ids: str) -> int:
    steps = 1
    while store.move(*run_ids):
        steps += 1
    return steps


def number_of(store: ChunkLogStore, condition: str = "1 = 1") -> int:
    with store._engine.connect() as connection:
        return int(connection.exec_driver_sql(f"SELECT count(*) FROM chunks WHERE {condition}").scalar_one())


def query(text: str) -> Query:
    return Query(Pattern(text))


def test_in_the_place_of_a_log_stands_a_line_with_the_number_of_its_last(store: LogStore) -> None:
    lines = some_lines(2000)
    fill(store, lines, per_batch=1)
    store.append("other", first=1, batch=batch("stays"))
    store.replace({"run": SAID, "none": SAID})
    (said,) = store.read("run")
    assert (said.number, said.stream, said.text) == (2000, Stream.SYSTEM, SAID)
    assert store.tail("run", limit=5) == [said]
    assert list(store.read("run", first=700)) == [said]
    assert [store.expected(each) for each in ("run", "other", "none")] == [2001, 2, 1]
    assert [line.text for line in store.read("other")] == ["stays"]


def test_replacing_is_harmless_to_repeat_and_lines_go_on_after_it(store: LogStore) -> None:
    fill(store, some_lines(30))
    store.replace({"run": SAID})
    before = list(store.read("run"))
    store.replace({"run": SAID})
    assert list(store.read("run")) == before
    assert store.append("run", first=31, batch=batch("late")) == 32
    assert [(line.number, line.text) for line in store.read("run")] == [(30, SAID), (31, "late")]
    store.replace({"run": SAID})
    assert [line.number for line in store.read("run")] == [31]


def test_sizes_are_told_run_by_run(store: LogStore) -> None:
    store.append("run", first=1, batch=batch("häß", "b"))
    store.append("other", first=1, batch=batch("c" * 1000, at=NOON + timedelta(hours=1)))
    sizes = store.sizes(["run", "other", "none"])
    assert set(sizes) == {"run", "other"}
    assert (sizes["run"].lines, sizes["run"].text_bytes, sizes["run"].outside_bytes) == (2, 6, 0)
    assert (sizes["run"].first_at, sizes["other"].first_at) == (NOON, NOON + timedelta(hours=1))
    assert sizes["other"].bytes == store.usage(["other"]).bytes > 0


def test_who_reads_does_not_notice_that_lines_were_moved(store: LogStore) -> None:
    lines = some_lines(900)
    fill(store, lines)
    usage = store.usage()
    moving(store, "run", "none")
    assert list(store.read("run")) == lines
    assert list(store.read("run", first=450, limit=10)) == lines[449:459]
    assert store.tail("run", limit=20) == lines[-20:]
    assert next(number for number, _ in store.segments("run")) == 1
    since = lines[500].printed_at
    assert list(store.read("run", since=since)) == [line for line in lines if line.printed_at >= since]
    assert store.expected("run") == 901
    assert store.usage() == usage
    found = [match.line for each in store.search(["run"], query(lines[3].text)) for match in each.matches]
    assert lines[3] in found
    assert store.move("run") is False
    assert store.sweep("", before=NOON + timedelta(days=1)) == 0


def test_what_was_moved_goes_into_another_store_as_it_was(moved: Moved) -> None:
    other = MemoryLogStore()
    other.fill(moved.store.batches())
    assert list(other.read("run")) == moved.lines


def test_moving_takes_several_bounded_steps(tmp_path: Path) -> None:
    store = open_log_store(f"sqlite:///{tmp_path / 'logs.db'}", bodies=MemoryBodies())
    fill(store, some_lines(100), per_batch=1)
    assert moving(store, "run") == 4
    assert number_of(store, "length(body) > 0") == 0
    assert store.sizes(["run"])["run"].outside_bytes == store.usage().bytes
    store.close()


def test_lines_that_come_after_the_move_are_read_with_the_others_and_merged_with_none_of_them(moved: Moved) -> None:
    for number in (301, 302):
        moved.store.append("run", first=number, batch=batch("late"))
    moved.store.merge("run")
    assert [line.number for line in moved.store.read("run")] == list(range(1, 303))
    assert number_of(moved.store, "object IS NULL") == 1


def test_lines_that_are_merged_while_they_are_put_are_moved_by_the_next_step(tmp_path: Path) -> None:
    class Merging(MemoryBodies):
        def put(self, key: str, body: bytes) -> None:
            super().put(key, body)
            if len(self.bodies) == 1:
                store.merge("run")

    bodies = Merging()
    store = open_log_store(f"sqlite:///{tmp_path / 'logs.db'}", bodies=bodies)
    lines = some_lines(20)
    fill(store, lines)
    moving(store, "run")
    moving(store, "run")
    assert list(store.read("run")) == lines
    assert number_of(store) == number_of(store, "object IS NOT NULL") == 1
    assert len(bodies.bodies) == 4
    assert store.sweep("", before=NOON + timedelta(seconds=1)) == 3
    assert list(store.read("run")) == lines
    store.close()


def test_an_end_between_the_upload_and_the_row_loses_nothing_and_the_next_move_mends_it(tmp_path: Path) -> None:
    class Dying(MemoryBodies):
        def put(self, key: str, body: bytes) -> None:
            super().put(key, body)
            if len(self.bodies) == 3:
                raise KeyboardInterrupt

    url, lines = f"sqlite:///{tmp_path / 'logs.db'}", some_lines(70)
    dying = Dying()
    store = open_log_store(url, bodies=dying)
    fill(store, lines)
    with pytest.raises(KeyboardInterrupt):
        store.move("run")
    store.close()
    after = MemoryBodies()
    after.bodies, after.put_at = dying.bodies, dying.put_at
    again = open_log_store(url, bodies=after)
    assert (list(again.read("run")), number_of(again, "object IS NOT NULL")) == (lines, 0)
    moving(again, "run")
    assert list(again.read("run")) == lines
    assert again.sweep("", before=NOON + timedelta(days=1)) == 0
    assert len(after.bodies) == number_of(again) == 10
    again.close()


def test_while_the_place_is_away_reading_and_moving_say_so_and_nothing_is_lost(moved: Moved) -> None:
    moved.store.append("here", first=1, batch=batch("a"))
    moved.bodies.is_away = True
    for ask in (
        lambda: list(moved.store.read("run")),
        lambda: moved.store.tail("run", limit=1),
        lambda: list(moved.store.search(["run"], query("line"))),
        lambda: list(moved.store.segments("run")),
        lambda: moved.store.move("here"),
    ):
        with pytest.raises(LogStoreUnavailable):
            ask()
    assert [line.text for line in moved.store.read("here")] == ["a"]
    assert moved.store.expected("run") == 301
    moved.bodies.is_away = False
    assert list(moved.store.read("run")) == moved.lines


def test_a_server_without_the_place_says_where_the_lines_are(moved: Moved) -> None:
    other = ChunkLogStore(moved.store._engine)
    with pytest.raises(LogStoreUnavailable, match="MACROPOD_STORAGE_URL"):
        list(other.read("run"))


@pytest.mark.parametrize("spoil", [lambda bodies, key: bodies.pop(key), lambda bodies, key: bodies.update({key: b"?"})])
def test_of_a_body_that_is_gone_or_damaged_every_line_says_so(
    moved: Moved, spoil: Callable[[dict[str, bytes], str], None]
) -> None:
    key = next(key for key in moved.bodies.bodies if "/1-7-" in key)
    spoil(moved.bodies.bodies, key)
    found = list(moved.store.read("run"))
    assert [line.number for line in found] == [line.number for line in moved.lines]
    assert {line.stream for line in found[:7]} == {Stream.SYSTEM}
    assert all("lost" in line.text for line in found[:7])
    assert found[7:] == moved.lines[7:]


@pytest.mark.parametrize("is_replaced", [True, False])
def test_what_is_removed_is_removed_from_the_place_too(moved: Moved, is_replaced: bool) -> None:
    moved.store.replace({"run": SAID}) if is_replaced else moved.store.drop("run")
    assert moved.bodies.bodies == {}
    assert [line.text for line in moved.store.read("run")] == ([SAID] if is_replaced else [])


def test_what_could_not_be_removed_from_the_place_is_swept_once_it_is_old(moved: Moved) -> None:
    moved.store.append("other", first=1, batch=batch("a"))
    moving(moved.store, "other")
    moved.bodies.is_away = True
    moved.store.drop("run")
    moved.bodies.is_away = False
    assert moved.store.sweep("", before=NOON) == 0
    later = NOON + timedelta(hours=1)
    assert moved.store.sweep("zz", before=later) == 0
    assert moved.store.sweep("ru", before=later) > 0
    assert list(moved.bodies.bodies) == [key for key in moved.bodies.bodies if key.startswith("ot/other/")] != []
    assert [line.text for line in moved.store.read("other")] == ["a"]


def test_a_store_of_an_earlier_version_gets_the_columns(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'logs.db'}"
    store = open_log_store(url)
    with store._engine.begin() as connection:
        for column in ("object", "body_bytes"):
            connection.exec_driver_sql(f"ALTER TABLE chunks DROP COLUMN {column}")
    store.close()
    again = open_log_store(url, bodies=MemoryBodies())
    again.append("run", first=1, batch=batch("a"))
    moving(again, "run")
    assert [line.text for line in again.read("run")] == ["a"]
    again.close()
