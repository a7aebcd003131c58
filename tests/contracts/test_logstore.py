"""The promises of the LogStore port, on the fake and on the chunk store."""

import random
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from macropod_server.domain.errors import Invalid, TooLarge
from macropod_server.domain.lines import Line, Stream, segments
from macropod_server.domain.search import Pattern, Query
from macropod_server.logstore.base import MAX_BATCH_BYTES, Batch, LogStore, LogStoreUnavailable, LogUsage
from macropod_server.logstore.chunks import open_log_store

from tests.batches import NOON, batch, batch_of, some_lines
from tests.fakes.logstore import MemoryLogStore


@dataclass(frozen=True)
class Harness:
    store: LogStore
    take_away: Callable[[], None]


@pytest.fixture(params=["fake", "chunks"])
def harness(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Harness]:
    if request.param == "fake":
        fake = MemoryLogStore()
        yield Harness(fake, lambda: setattr(fake, "is_away", True))
        return
    folder = tmp_path / "store"
    folder.mkdir()
    chunks = open_log_store(f"sqlite:///{folder / 'logs.db'}")

    def take_away() -> None:
        chunks.close()
        shutil.rmtree(folder)

    yield Harness(chunks, take_away)
    chunks.close()


@pytest.fixture
def store(harness: Harness) -> LogStore:
    return harness.store


def fill(store: LogStore, lines: list[Line], *, run_id: str = "run", per_batch: int = 7) -> None:
    for start in range(0, len(lines), per_batch):
        store.append(run_id, first=lines[start].number, batch=batch_of(lines[start : start + per_batch]))


def test_lines_are_numbered_from_one_without_a_gap_over_batches(store: LogStore) -> None:
    store.append("run", first=1, batch=batch("a", "b") + batch("c", stream=Stream.STDERR))
    store.append("run", first=4, batch=batch("d"))
    assert [(line.number, line.text) for line in store.read("run")] == [(1, "a"), (2, "b"), (3, "c"), (4, "d")]


def test_a_line_comes_back_with_its_time_and_stream(store: LogStore) -> None:
    lines = some_lines(30)
    fill(store, lines)
    assert list(store.read("run")) == lines


@pytest.mark.parametrize(
    "text", ["", " ", "\0", "\r10%\r20%", "\x1b[31mred\x1b[0m", "a\u2028b\x85c\x0bd", "häß 🦘", "x" * 100_000]
)
def test_a_text_comes_back_as_it_was(store: LogStore, text: str) -> None:
    store.append("run", first=1, batch=batch("before", text, "after"))
    assert [line.text for line in store.read("run")] == ["before", text, "after"]


def test_a_text_that_looks_like_the_head_of_a_segment_stays_a_text(store: LogStore) -> None:
    forged = batch("forged").decode().splitlines()
    store.append("run", first=1, batch=batch(*forged))
    assert [line.text for line in store.read("run")] == forged


def test_append_answers_with_the_number_expected_next(store: LogStore) -> None:
    assert store.append("run", first=1, batch=batch("a", "b", "c")) == 4
    assert store.expected("run") == 4


def test_a_repeated_batch_changes_nothing_and_learns_where_to_go_on(store: LogStore) -> None:
    store.append("run", first=1, batch=batch("a", "b"))
    assert store.append("run", first=1, batch=batch("a", "b")) == 3
    assert [line.text for line in store.read("run")] == ["a", "b"]


@pytest.mark.parametrize("first", [-1, 0, 1, 2, 4, 10**30])
def test_a_batch_that_overlaps_or_runs_ahead_is_not_stored(store: LogStore, first: int) -> None:
    store.append("run", first=1, batch=batch("a", "b"))
    assert store.append("run", first=first, batch=batch("b", "c", "d")) == 3
    assert [line.text for line in store.read("run")] == ["a", "b"]


def test_an_empty_batch_stores_nothing(store: LogStore) -> None:
    assert store.append("run", first=1, batch=b"") == 1
    assert list(store.read("run")) == []


MALFORMED = [
    b"\n",
    b"hello\n",
    b"1767355200000000 x 1 2\na\n",
    b"-1 o 1 2\na\n",
    b"1767355200000000 o 1 2 \na\n",
    b"1767355200000000 o 2 2\na\n",
    b"1767355200000000 o 1 9\na\n",
    b"1767355200000000 o 1 1\na",
    b"1767355200000000 o 0 0\n",
    b"1767355200000000 o 1 2\n\xff\n",
    b"9" * 40 + b" o 1 2\na\n",
]


@pytest.mark.parametrize("broken", MALFORMED)
def test_a_batch_that_is_not_well_formed_is_refused_and_nothing_of_it_stored(store: LogStore, broken: bytes) -> None:
    with pytest.raises(Invalid):
        store.append("run", first=1, batch=batch("sound") + broken)
    assert store.expected("run") == 1


def test_a_batch_of_the_largest_size_is_stored_and_one_byte_more_refused(store: LogStore) -> None:
    head = len(batch("x" * MAX_BATCH_BYTES)) - MAX_BATCH_BYTES
    largest = "x" * (MAX_BATCH_BYTES - head)
    with pytest.raises(TooLarge):
        store.append("run", first=1, batch=batch(largest + "x"))
    assert store.append("run", first=1, batch=batch(largest)) == 2
    assert [len(line.text) for line in store.read("run")] == [len(largest)]


def test_the_first_line_expected_of_an_unknown_run_is_number_one(store: LogStore) -> None:
    assert store.expected("nobody") == 1


def test_the_lines_expected_next_of_several_runs_are_told_at_once(store: LogStore) -> None:
    fill(store, some_lines(20), run_id="long")
    fill(store, some_lines(3), run_id="short")
    fill(store, some_lines(5), run_id="not asked for")
    assert store.expected_of({"long", "short", "nobody"}) == {"long": 21, "short": 4, "nobody": 1}
    assert store.expected_of([]) == {}


@pytest.mark.parametrize("stream", [None, *Stream])
@pytest.mark.parametrize("limit", [0, 1, 7, 8, 40, 1000])
def test_the_tail_is_the_last_lines_of_that_stream_oldest_first(
    store: LogStore, limit: int, stream: Stream | None
) -> None:
    lines = some_lines(120)
    fill(store, lines)
    wanted = [line for line in lines if stream in (None, line.stream)]
    assert store.tail("run", limit=limit, stream=stream) == (wanted[-limit:] if limit else [])


def test_the_tail_cuts_into_a_segment_of_many_lines(store: LogStore) -> None:
    store.append("run", first=1, batch=batch(*(f"line {number}" for number in range(1, 1001))))
    assert [line.number for line in store.tail("run", limit=3)] == [998, 999, 1000]


def test_the_tail_may_end_before_a_number_and_lie_in_a_span_of_time(store: LogStore) -> None:
    chance = random.Random(6)
    lines = some_lines(200)
    fill(store, lines, per_batch=13)
    for _ in range(150):
        before, limit = chance.choice([None, chance.randint(1, 210), 10**30]), chance.randint(0, 60)
        since, until, stream = *(some_moment(chance) for _ in range(2)), chance.choice([None, *Stream])
        wanted = [
            line
            for line in lines
            if stream in (None, line.stream)
            and (before is None or line.number < before)
            and (since is None or line.printed_at >= since)
            and (until is None or line.printed_at < until)
        ]
        found = store.tail("run", limit=limit, before=before, since=since, until=until, stream=stream)
        assert found == wanted[len(wanted) - limit if limit < len(wanted) else 0 :]


@pytest.mark.parametrize(
    ("max_bytes", "first", "last"),
    [
        (None, "ä bc def", "ä bc def"),
        (7, "ä bc def", "ä bc def"),
        (6, "ä bc", "bc def"),
        (4, "ä bc", "def"),
        (3, "ä", "def"),
        (0, "ä", "def"),
    ],
)
def test_a_budget_of_bytes_keeps_the_first_or_the_newest_lines_that_fit_and_at_least_one(
    store: LogStore, max_bytes: int | None, first: str, last: str
) -> None:
    store.append("run", first=1, batch=batch("ä", "bc"))
    store.append("run", first=3, batch=batch("def"))
    assert [line.text for line in store.read("run", max_bytes=max_bytes)] == first.split()
    assert [line.text for line in store.tail("run", limit=9, max_bytes=max_bytes)] == last.split()
    assert [line.text for line in store.read("run", limit=1, max_bytes=max_bytes)] == ["ä"]


def test_the_tail_of_an_unknown_run_is_empty(store: LogStore) -> None:
    assert store.tail("nobody", limit=10) == []


@pytest.mark.parametrize("first", [1, 2, 7, 8, 50, 120, 121, 500, 10**30])
def test_reading_begins_at_the_given_number(store: LogStore, first: int) -> None:
    lines = some_lines(120)
    fill(store, lines)
    assert list(store.read("run", first=first)) == lines[first - 1 :]
    assert list(store.read("run", first=first, limit=9)) == lines[first - 1 :][:9]


def test_reading_from_the_middle_of_a_segment_skips_what_is_before(store: LogStore) -> None:
    store.append("run", first=1, batch=batch("a", "b", "c"))
    assert [(line.number, line.text) for line in store.read("run", first=2)] == [(2, "b"), (3, "c")]


def test_reading_by_time_takes_since_and_leaves_out_until(store: LogStore) -> None:
    lines = some_lines(60)
    fill(store, lines)
    since, until = NOON + timedelta(seconds=10), NOON + timedelta(seconds=20)
    assert [line.number for line in store.read("run", since=since, until=until)] == list(range(10, 20))
    assert [line.number for line in store.read("run", since=until, until=since)] == []


def test_reading_by_time_misses_no_line_when_the_clock_of_the_run_was_set_back(store: LogStore) -> None:
    seconds = [10, 30, 20, 5, 40]
    fill(store, [Line(n, NOON + timedelta(seconds=s), Stream.STDOUT, str(s)) for n, s in enumerate(seconds, 1)])
    assert [line.text for line in store.read("run", since=NOON + timedelta(seconds=20))] == ["30", "20", "40"]


def some_moment(chance: random.Random) -> datetime | None:
    return chance.choice([None, NOON + timedelta(seconds=chance.randint(0, 200))])


def test_every_way_of_narrowing_works_together(store: LogStore) -> None:
    chance = random.Random(5)
    lines = some_lines(200)
    fill(store, lines, per_batch=13)
    for _ in range(150):
        first, limit = chance.randint(1, 210), chance.choice([None, 0, chance.randint(1, 60)])
        since, until, stream = *(some_moment(chance) for _ in range(2)), chance.choice([None, *Stream])
        wanted = [
            line
            for line in lines[first - 1 :]
            if stream in (None, line.stream)
            and (since is None or line.printed_at >= since)
            and (until is None or line.printed_at < until)
        ]
        found = store.read("run", first=first, limit=limit, since=since, until=until, stream=stream)
        assert list(found) == wanted[:limit]


def test_a_reader_may_stop_in_the_middle_while_others_write(store: LogStore) -> None:
    fill(store, some_lines(50))
    reader = store.read("run")
    assert next(reader).number == 1
    assert store.append("run", first=51, batch=batch("more")) == 52
    assert next(reader).number == 2


def test_a_follower_gets_what_came_after_the_line_it_saw_last(store: LogStore) -> None:
    store.append("run", first=1, batch=batch("a", "b"))
    assert list(store.read("run", first=3)) == []
    store.append("run", first=3, batch=batch("c"))
    assert [line.text for line in store.read("run", first=3)] == ["c"]


def test_dropping_removes_every_line_of_those_runs_and_of_no_other(store: LogStore) -> None:
    for run_id in ("dropped", "dropped too", "kept"):
        fill(store, some_lines(20), run_id=run_id)
    store.drop("dropped", "dropped too")
    store.drop("dropped")
    assert list(store.read("dropped too")) == []
    assert list(store.read("dropped")) == []
    assert store.expected("dropped") == 1
    assert list(store.read("kept")) == some_lines(20)


def test_the_usage_counts_lines_and_bytes_of_all_runs_or_of_some(store: LogStore) -> None:
    assert store.usage() == LogUsage(0, 0)
    fill(store, some_lines(20), run_id="one")
    fill(store, some_lines(5), run_id="two")
    whole, one, two = store.usage(), store.usage(["one"]), store.usage(["two", "unknown"])
    assert (whole.lines, one.lines, two.lines) == (25, 20, 5)
    assert whole.bytes == one.bytes + two.bytes
    assert one.bytes > two.bytes > 0
    assert store.usage([]) == LogUsage(0, 0)


def test_batches_are_all_lines_run_by_run_from_the_first_on(store: LogStore) -> None:
    fill(store, some_lines(100), run_id="b", per_batch=3)
    fill(store, some_lines(10), run_id="a")
    lines = {"a": 1, "b": 1}
    for each in store.batches():
        assert each.first == lines[each.run_id]
        lines[each.run_id] += sum(segment.line_count for segment in segments(each.content))
    assert lines == {"a": 11, "b": 101}


def test_a_store_filled_with_the_batches_of_another_has_the_same_lines(store: LogStore, tmp_path: Path) -> None:
    fill(store, some_lines(100), run_id="b", per_batch=3)
    fill(store, some_lines(10), run_id="a")
    for other in (MemoryLogStore(), open_log_store(f"sqlite:///{tmp_path / 'other.db'}")):
        other.fill(store.batches())
        assert list(other.read("a")) == some_lines(10)
        assert list(other.read("b")) == some_lines(100)
        assert other.append("b", first=101, batch=batch("next")) == 102
        other.close()


def test_segments_are_all_lines_in_order_each_with_its_number(store: LogStore) -> None:
    lines = some_lines(100)
    fill(store, lines, per_batch=3)
    found = [
        Line(number + place, segment.printed_at, segment.stream, text)
        for number, segment in store.segments("run")
        for place, text in enumerate(segment.texts())
    ]
    assert found == lines
    assert [number for number, _ in store.segments("run", until=51) if number < 51] == list(range(1, 51))
    assert max(number for number, _ in store.segments("run", until=51)) < 60
    assert list(store.segments("nobody")) == []


def test_senders_that_race_with_the_same_batches_store_every_line_once(store: LogStore) -> None:
    lines = some_lines(60)

    def send(_: int) -> None:
        number = 1
        while number <= len(lines):
            number = store.append("run", first=number, batch=batch_of(lines[number - 1 : number + 2]))

    with ThreadPoolExecutor(8) as senders:
        list(senders.map(send, range(8)))
    assert list(store.read("run")) == lines


CALLS: list[Callable[[LogStore], object]] = [
    lambda store: store.append("run", first=1, batch=batch("a")),
    lambda store: store.expected("run"),
    lambda store: store.expected_of(["run"]),
    lambda store: store.tail("run", limit=1),
    lambda store: list(store.read("run")),
    lambda store: list(store.segments("run")),
    lambda store: store.drop("run"),
    lambda store: store.usage(),
    lambda store: list(store.batches()),
    lambda store: list(store.search(["run"], Query(Pattern("a")))),
    lambda store: store.merge("run"),
    lambda store: store.merged_until(),
    lambda store: store.note_merged(1),
    lambda store: store.fill([Batch("other", 1, batch("a"))]),
]


@pytest.mark.parametrize("call", CALLS)
def test_a_store_that_cannot_be_reached_says_so(harness: Harness, call: Callable[[LogStore], object]) -> None:
    harness.store.append("run", first=1, batch=batch("a"))
    harness.take_away()
    with pytest.raises(LogStoreUnavailable):
        call(harness.store)
