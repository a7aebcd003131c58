"""Due moments become ticks and runs: each once, at its time, also after the server was away."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from macropod_server.db.tables import Task, Tick
from macropod_server.flows.enqueue_due import enqueue_due, until_next_due
from macropod_server.flows.stop_run import kill_task

from tests.builders import NOON, WORKSPACE, all_rows, make_task, reread, runs_of, upload


def enqueue_all(deps):
    while enqueue_due(deps):
        pass


def due_times(deps, task):
    return [run.due_at for run in runs_of(deps, task)]


def test_nothing_is_enqueued_before_its_time(deps):
    task = make_task(deps, schedule="* * * * *")
    deps.clock.now = NOON + timedelta(seconds=59.999)
    assert not enqueue_due(deps)
    assert runs_of(deps, task) == []


def test_a_due_moment_makes_one_tick_with_one_run(deps):
    task = make_task(deps, schedule="* * * * *")
    deps.clock.advance(minutes=1)
    enqueue_all(deps)
    (run,) = runs_of(deps, task)
    (tick,) = all_rows(deps, Tick)
    assert (run.due_at, tick.due_at, tick.run_id, tick.outcome) == (deps.clock(), deps.clock(), run.id, "started")


def test_asking_again_at_the_same_moment_makes_nothing_more(deps):
    task = make_task(deps, schedule="* * * * *")
    deps.clock.advance(minutes=1)
    enqueue_all(deps)
    enqueue_all(deps)
    assert len(runs_of(deps, task)) == 1


def test_two_engines_at_the_same_moment_start_nothing_twice(deps, restarted):
    made = [make_task(deps, upload(deps), schedule="* * * * *") for _ in range(20)]
    deps.clock.advance(minutes=1)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(enqueue_all, [deps, restarted, deps, restarted]))
    assert [len(runs_of(deps, task)) for task in made] == [1] * 20


def test_after_an_outage_the_latest_tick_runs_and_the_others_are_rows(deps):
    task = make_task(deps, schedule="*/10 * * * *")
    deps.clock.advance(minutes=45)
    enqueue_all(deps)
    assert due_times(deps, task) == [NOON + timedelta(minutes=40)]
    outcomes = [(tick.due_at.minute, tick.outcome) for tick in all_rows(deps, Tick)]
    assert outcomes == [(10, "missed"), (20, "missed"), (30, "missed"), (40, "started")]


def test_a_tick_missed_by_more_than_an_hour_does_not_run_late(deps):
    task = make_task(deps, schedule="0 13 * * *")
    deps.clock.advance(hours=3)
    enqueue_all(deps)
    assert runs_of(deps, task) == []
    assert [tick.outcome for tick in all_rows(deps, Tick)] == ["missed"]


def test_what_is_due_now_does_not_wait_for_all_that_was_missed(deps):
    orchestration = upload(deps)
    for _ in range(250):
        make_task(deps, orchestration, schedule="* * * * *")
    deps.clock.advance(hours=5)
    fresh = make_task(deps, orchestration, schedule="* * * * *")
    deps.clock.advance(minutes=1)
    enqueue_due(deps)
    assert len(runs_of(deps, fresh)) == 1


def test_a_killed_task_has_no_due_moments_any_more(deps):
    task = make_task(deps, schedule="* * * * *")
    kill_task(deps, task.id, workspace_id=WORKSPACE, now=deps.clock())
    deps.clock.advance(hours=1)
    enqueue_all(deps)
    assert runs_of(deps, task) == []


def test_what_was_due_before_a_kill_and_not_found_yet_is_missed_and_what_is_due_after_leaves_nothing(deps):
    task = make_task(deps, schedule="* * * * *")
    deps.clock.advance(minutes=3)
    kill_task(deps, task.id, workspace_id=WORKSPACE, now=deps.clock())
    deps.clock.advance(hours=1)
    enqueue_all(deps)
    assert [tick.outcome for tick in all_rows(deps, Tick)] == ["missed"] * 3
    assert (runs_of(deps, task), reread(deps, task).next_due_at) == ([], None)


def test_a_clock_that_jumps_back_doubles_nothing(deps):
    task = make_task(deps, schedule="* * * * *")
    deps.clock.advance(minutes=2)
    enqueue_all(deps)
    before = due_times(deps, task)
    deps.clock.advance(hours=-1)
    enqueue_all(deps)
    deps.clock.advance(hours=1)
    enqueue_all(deps)
    assert due_times(deps, task) == before


def test_the_loop_sleeps_until_the_next_due_moment(deps):
    assert until_next_due(deps) == timedelta(seconds=60)
    make_task(deps, schedule="* * * * *")
    deps.clock.advance(seconds=48)
    assert until_next_due(deps) == timedelta(seconds=12)
    deps.clock.advance(hours=1)
    assert until_next_due(deps) == timedelta(seconds=0.2), "it is another server's now, or the next step finds it"


@pytest.mark.parametrize(
    ("zone", "created", "first_due"),
    [
        ("Europe/Berlin", "2026-03-28T12:00:00+00:00", "2026-03-29T01:00:00+00:00"),
        ("Europe/Berlin", "2026-10-24T12:00:00+00:00", "2026-10-25T00:30:00+00:00"),
    ],
)
def test_a_schedule_keeps_to_its_zone_when_the_clocks_change(deps, zone, created, first_due):
    deps.clock.now = datetime.fromisoformat(created)
    task = make_task(deps, schedule="30 2 * * *", timezone=zone)
    assert task.next_due_at == datetime.fromisoformat(first_due)


def test_a_task_that_cannot_be_enqueued_is_put_aside_and_the_others_go_on(deps):
    broken, sound = make_task(deps, schedule="* * * * *"), make_task(deps, schedule="* * * * *")
    with deps.database.write() as session:
        session.get_one(Task, broken.id).timezone = "Atlantis/Capital"
    deps.clock.advance(minutes=1)
    enqueue_all(deps)
    assert len(runs_of(deps, sound)) == 1
    aside = reread(deps, broken)
    assert (aside.status, aside.active, aside.next_due_at) == ("failed", False, None)
