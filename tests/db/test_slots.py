"""Places that runs hold: taken by one each, kept until they are given back."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from macropod_server.db import runs, slots
from macropod_server.db.tables import Run, Slot

from tests.builders import NOON, WORKSPACE, make_task, upload


@pytest.fixture
def some(deps):
    """Five runs, by id."""
    orchestration = upload(deps)
    return [make_task(deps, orchestration).last_run_id for _ in range(5)]


def take(deps, run_id, name="lock:warehouse", size=1):
    with deps.database.write() as session:
        return slots.take(session, WORKSPACE, name, run_id, now=NOON, size=size)


def holders(deps, *names):
    with deps.database.read() as session:
        return slots.holders(session, WORKSPACE, names or ["lock:warehouse"])


def test_one_place_is_taken_by_one_run(deps, some):
    assert [take(deps, run) for run in some[:2]] == [True, False]
    assert holders(deps) == {"lock:warehouse": [some[0]]}


def test_who_has_a_place_has_it_when_asked_again(deps, some):
    assert [take(deps, some[0], size=2) for _ in range(3)] == [True] * 3
    assert holders(deps) == {"lock:warehouse": [some[0]]}


def test_a_pool_has_as_many_places_as_its_size(deps, some):
    assert [take(deps, run, size=3) for run in some] == [True, True, True, False, False]
    with deps.database.write() as session:
        slots.free(session, some[1])
    assert [take(deps, run, size=3) for run in some[3:]] == [True, False]
    assert holders(deps) == {"lock:warehouse": [some[0], some[3], some[2]]}


def test_a_pool_made_smaller_has_no_room_before_enough_have_left(deps, some):
    assert [take(deps, run, size=3) for run in some[:3]] == [True] * 3
    for run in some[:2]:
        with deps.database.write() as session:
            slots.free(session, run)
        assert not take(deps, some[3], size=1)
    with deps.database.write() as session:
        slots.free(session, some[2])
    assert take(deps, some[3], size=1)


def test_places_of_several_names_are_given_back_together(deps, some):
    for name in (slots.of_task("t"), slots.of_lock("a"), slots.of_lock("b")):
        assert take(deps, some[0], name)
    with deps.database.write() as session:
        slots.free(session, some[0])
    assert holders(deps, "task:t", "lock:a", "lock:b") == {}


def test_the_longest_name_of_a_lock_has_room(deps, some):
    name = slots.of_lock("x" * 200)
    assert take(deps, some[0], name)
    assert holders(deps, name) == {name: [some[0]]}


def test_of_many_places_the_free_ones_are_taken(deps, some):
    assert take(deps, some[0], "task:a")
    places = [Slot(workspace_id=WORKSPACE, name=f"task:{it}", number=1, run_id=some[1], taken_at=NOON) for it in "abc"]
    with deps.database.write() as session:
        assert slots.take_all(session, places) == 2
        assert slots.take_all(session, []) == 0
    assert holders(deps, "task:a", "task:b") == {"task:a": [some[0]], "task:b": [some[1]]}


def test_a_run_noted_as_gone_has_no_place_any_more(deps, some):
    assert take(deps, some[0])
    with deps.database.write() as session:
        runs.note(session, some[0], message="not gone yet")
    assert holders(deps) != {}
    with deps.database.write() as session:
        runs.note(session, some[0], removed_at=NOON)
    assert holders(deps) == {}


def test_a_run_that_ends_without_a_container_has_no_place_any_more(deps, some):
    assert take(deps, some[0])
    with deps.database.write() as session:
        run = session.get_one(Run, some[0])
        runs.advance(session, run, "killed", now=NOON, reason="kill_requested", removed_at=NOON)
    assert holders(deps) == {}


def test_two_servers_take_no_place_twice(deps, restarted, some):
    for size in (1, 2, 4):
        name = f"lock:{size}"
        with ThreadPoolExecutor(5) as pool:
            taken = list(pool.map(lambda at, n=name, s=size: take((deps, restarted)[at % 2], some[at], n, s), range(5)))
        assert 1 <= sum(taken) <= size
        held = holders(deps, name)[name]
        assert len(held) == len(set(held)) == sum(taken)
