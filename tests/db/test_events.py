"""Events: written with the end they tell of, and seen in the order of their numbers."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from macropod_server.db import events, runs, tasks
from macropod_server.db.tables import Event
from macropod_server.domain.run import Reason, RunStatus

from tests.builders import NOON, WORKSPACE, all_rows, make_task, runs_of

PATIENCE_SECONDS = 10
A_BREATH_SECONDS = 0.001


def end(session, deps, run):
    held, _ = tasks.hold_run(session, run.id)
    assert runs.advance(session, held, RunStatus.KILLED, now=NOON, reason=Reason.KILL_REQUESTED, message="Stopped.")


def read(deps, *, after=0, workspace=WORKSPACE, limit=100):
    with deps.database.read() as session:
        return events.after(session, workspace, number=after, limit=limit)


@pytest.fixture
def run(deps):
    return runs_of(deps, make_task(deps, name="nightly"))[0]


@pytest.fixture
def told(deps):
    rows = []
    deps.database.on_commit = rows.append
    return rows


def test_an_end_is_told_with_all_that_others_want_to_know(deps, run, told):
    with deps.database.write() as session:
        end(session, deps, run)
    (event,) = read(deps)
    assert (event.kind, event.run_id, event.task_id, event.created_at) == ("run_ended", run.id, run.task_id, NOON)
    expected = {"status": "killed", "reason": "kill_requested", "message": "Stopped.", "attempt": 1}
    assert {name: event.facts[name] for name in expected} == expected
    assert (event.facts["task_name"], event.facts["cause"], event.facts["run_kind"]) == ("nightly", "ordered", "task")
    assert (event.facts["created_at"], event.facts["started_at"]) == ("2026-03-02T12:00:00Z", None)
    assert [each.run_id for each in told if isinstance(each, Event)] == [run.id]


def test_an_end_that_was_not_stored_is_not_told(deps, run, told):
    def end_and_fail():
        with deps.database.write() as session:
            end(session, deps, run)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        end_and_fail()
    assert (all_rows(deps, Event), told) == ([], [])


def test_events_are_read_on_from_a_number_and_by_workspace(deps, run):
    for each in (run, *runs_of(deps, make_task(deps)), *runs_of(deps, make_task(deps))):
        with deps.database.write() as session:
            end(session, deps, each)
    first, second, third = read(deps)
    assert first.id < second.id < third.id
    assert [each.id for each in read(deps, after=first.id, limit=1)] == [second.id]
    assert read(deps, after=third.id) == []
    assert read(deps, workspace=2) == []


def test_a_number_is_never_given_again(deps, run):
    with deps.database.write() as session:
        end(session, deps, run)
    (gone,) = read(deps)
    with deps.database.write() as session:
        session.delete(session.get_one(Event, gone.id))
    (other,) = runs_of(deps, make_task(deps))
    with deps.database.write() as session:
        end(session, deps, other)
    assert read(deps)[0].id > gone.id


def test_two_transactions_that_end_each_others_runs_do_not_wait_for_each_other(deps, restarted):
    """Both tell of an end first, and hold the other's row only after that."""
    first, second = (runs_of(deps, make_task(deps))[0] for _ in range(2))
    barrier = threading.Barrier(2)

    def end_and_touch(each, own, other):
        with each.database.write() as session:
            end(session, each, own)
            if not each.database.is_sqlite:
                barrier.wait(PATIENCE_SECONDS)
            runs.note(session, other.id, message="seen") if other is first else None

    with ThreadPoolExecutor(2) as pool:
        ending = [
            pool.submit(end_and_touch, deps, first, second),
            pool.submit(end_and_touch, restarted, second, first),
        ]
        for each in ending:
            each.result(PATIENCE_SECONDS)
    assert {each.run_id for each in read(deps)} == {first.id, second.id}


def test_whoever_reads_on_misses_no_end_of_many_writers(deps, restarted):
    """A file of SQLite has one server that writes to it; PostgreSQL has two here."""
    made = [runs_of(deps, make_task(deps))[0] for _ in range(40)]
    writers = (deps, deps if deps.database.is_sqlite else restarted)
    seen, is_over = [], threading.Event()

    def read_on():
        while True:
            was_over = is_over.wait(A_BREATH_SECONDS)
            seen.extend(read(restarted, after=seen[-1].id if seen else 0))
            if was_over:
                return

    def end_one(number):
        with writers[number % 2].database.write() as session:
            end(session, deps, made[number])

    with ThreadPoolExecutor(9) as pool:
        reading = pool.submit(read_on)
        try:
            list(pool.map(end_one, range(40)))
        finally:
            is_over.set()
        reading.result(PATIENCE_SECONDS)
    assert sorted(each.run_id for each in seen) == sorted(run.id for run in made)
