"""What the LogStore port promises of searching and merging, on the fake and on the chunk store of either database."""

import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from macropod_server.domain.lines import Line, Stream
from macropod_server.domain.search import Match, Pattern, Query
from macropod_server.logstore.base import Batch, LogStore, Stretch
from macropod_server.logstore.chunks import open_log_store

from tests.batches import NOON, batch, batch_of, some_lines
from tests.fakes.logstore import MemoryLogStore


@pytest.fixture(params=["fake", "sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LogStore]:
    match request.param:
        case "fake":
            store: LogStore = MemoryLogStore()
        case "sqlite":
            store = open_log_store(f"sqlite:///{tmp_path / 'logs.db'}")
        case _:
            store = open_log_store(request.getfixturevalue("postgres").empty_url())
    yield store
    store.close()


def query(text: str, *, is_regex: bool = False, **narrow: object) -> Query:
    return Query(Pattern(text, is_regex=is_regex), **narrow)  # type: ignore[arg-type]


def fill(store: LogStore, run_id: str, lines: Sequence[Line], *, per_batch: int = 7) -> None:
    some = (lines[start : start + per_batch] for start in range(0, len(lines), per_batch))
    store.fill(Batch(run_id, each[0].number, batch_of(each)) for each in some)


def merged(store: LogStore, run_id: str) -> None:
    while store.merge(run_id):
        pass


def found(stretches: Iterator[Stretch]) -> list[tuple[str, int]]:
    return [(stretch.run_id, match.line.number) for stretch in stretches for match in stretch.matches]


def test_runs_are_searched_in_their_order_each_from_its_last_line_back(store: LogStore) -> None:
    for run_id in ("a", "b", "c"):
        fill(store, run_id, some_lines(40))
    numbers = [33, 23, 13, 3]
    stretches = store.search(["c", "nobody", "a"], query("[^3]*3$", is_regex=True))
    assert [each for each in found(stretches) if each[1] in numbers] == [
        (run_id, number) for run_id in ("c", "a") for number in numbers
    ]


def test_a_match_is_the_line_and_where_in_it(store: LogStore) -> None:
    store.append("run", first=1, batch=batch("nothing") + batch("häh hah", stream=Stream.STDERR))
    [stretch] = [each for each in store.search(["run"], query("h.h", is_regex=True)) if each.matches]
    assert stretch.matches == [Match(Line(2, NOON, Stream.STDERR, "häh hah"), ((0, 3), (4, 7)))]


def test_the_first_run_is_searched_from_the_line_before_a_number(store: LogStore) -> None:
    fill(store, "a", some_lines(20))
    fill(store, "b", some_lines(20))
    stretches = store.search(["b", "a"], query("line 1"), before=12)
    assert found(stretches) == [
        *(("b", number) for number in (11, 10, 1)),
        *(("a", number) for number in (*range(19, 9, -1), 1)),
    ]


def test_a_stretch_tells_how_far_a_run_was_looked_through(store: LogStore) -> None:
    fill(store, "a", some_lines(300))
    fill(store, "b", some_lines(3))
    stretches = list(store.search(["a", "b"], query("absent")))
    firsts = [stretch.first for stretch in stretches if stretch.run_id == "a"]
    assert firsts == sorted(firsts, reverse=True)
    assert (firsts[-1], stretches[-1].run_id, stretches[-1].first) == (1, "b", 1)


def test_every_way_of_narrowing_finds_what_looking_at_every_line_finds(store: LogStore) -> None:
    chance, lines = random.Random(7), some_lines(400)
    fill(store, "run", lines, per_batch=13)
    for _ in range(60):
        since, until = (chance.choice([None, NOON + timedelta(seconds=chance.randint(0, 420))]) for _ in range(2))
        stream, before = chance.choice([None, *Stream]), chance.choice([None, chance.randint(1, 410)])
        wanted = [
            ("run", line.number)
            for line in reversed(lines)
            if "7" in line.text
            and stream in (None, line.stream)
            and (since is None or line.printed_at >= since)
            and (until is None or line.printed_at < until)
            and (before is None or line.number < before)
        ]
        narrowed = query("7", since=since, until=until, stream=stream)
        assert found(store.search(["run"], narrowed, before=before)) == wanted


def test_a_search_that_is_over_ends_early_but_not_before_the_first_stretch(store: LogStore) -> None:
    fill(store, "run", some_lines(5000), per_batch=500)
    place, rounds, seen = None, 0, list[tuple[str, int]]()
    while place != 1:
        stretches = list(store.search(["run"], query("line"), before=place, is_over=lambda: True))
        seen += found(iter(stretches))
        assert place is None or stretches[-1].first < place
        place, rounds = stretches[-1].first, rounds + 1
    assert rounds > 1
    assert seen == [("run", number) for number in range(5000, 0, -1)]


def test_a_search_finds_the_same_while_lines_are_appended_or_merged(store: LogStore) -> None:
    lines = some_lines(3000)
    fill(store, "run", lines, per_batch=9)
    seen = list[tuple[str, int]]()
    for number, stretch in enumerate(store.search(["run"], query("line"))):
        seen += found(iter([stretch]))
        if number == 0:
            store.append("run", first=3001, batch=batch("line of later"))
            merged(store, "run")
    assert seen == [("run", number) for number in range(3000, 0, -1)]


def test_merging_changes_no_line_and_no_number(store: LogStore) -> None:
    lines = some_lines(2500)
    fill(store, "run", lines, per_batch=3)
    fill(store, "other", some_lines(30))
    usage = store.usage(["other"])
    merged(store, "run")
    assert list(store.read("run")) == lines
    assert store.tail("run", limit=9, stream=Stream.SYSTEM) == [line for line in lines if line.number % 10 == 0][-9:]
    assert list(store.read("run", since=NOON + timedelta(seconds=2490))) == lines[2489:]
    assert (store.usage(["run"]).lines, store.usage(["other"])) == (2500, usage)
    assert store.append("run", first=2501, batch=batch("more")) == 2502


def test_merging_may_be_repeated_and_asked_of_an_unknown_run(store: LogStore) -> None:
    fill(store, "run", some_lines(100))
    merged(store, "run")
    assert store.merge("run") is False
    assert store.merge("nobody") is False
    assert list(store.read("run")) == some_lines(100)


def test_who_reads_does_not_notice_that_lines_are_merged(store: LogStore) -> None:
    lines = some_lines(2000)
    fill(store, "run", lines, per_batch=5)
    forwards, copied = store.read("run"), store.batches()
    begun, first = [next(forwards) for _ in range(37)], next(copied)
    merged(store, "run")
    assert [*begun, *forwards] == lines
    copy = MemoryLogStore()
    copy.fill([first, *copied])
    assert list(copy.read("run")) == lines


def test_who_appends_does_not_notice_that_lines_are_merged(store: LogStore) -> None:
    lines = some_lines(60)

    def merge_on() -> None:
        while store.expected("run") <= len(lines):
            store.merge("run")

    with ThreadPoolExecutor(1) as other:
        merging = other.submit(merge_on)
        for line in lines:
            store.append("run", first=line.number, batch=batch_of([line]))
        merging.result()
    assert list(store.read("run")) == lines


def test_two_who_merge_the_same_run_do_no_harm(store: LogStore) -> None:
    lines = some_lines(900)
    fill(store, "run", lines, per_batch=2)
    with ThreadPoolExecutor(2) as both:
        list(both.map(lambda _: merged(store, "run"), range(2)))
    assert list(store.read("run")) == lines


def test_a_run_that_is_dropped_while_it_is_merged_stays_dropped(store: LogStore) -> None:
    fill(store, "run", some_lines(900), per_batch=2)
    with ThreadPoolExecutor(1) as other:
        merging = other.submit(merged, store, "run")
        store.drop("run")
        merging.result()
    assert list(store.read("run")) == []
    assert store.expected("run") == 1


def test_how_far_merging_came_is_kept(store: LogStore) -> None:
    assert store.merged_until() == 0
    store.note_merged(17)
    store.note_merged(2**40)
    assert store.merged_until() == 2**40
