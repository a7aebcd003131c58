"""Named locks and pools: all places of a run or none, and who waits is not in others' way."""

import pytest
from macropod_server.db import pools
from macropod_server.db.tables import Slot
from macropod_server.domain.run import Reason
from macropod_server.flows.clean_up import clean_up
from macropod_server.flows.finish_run import Ending, finish_run
from macropod_server.flows.hand_spec import hand_spec
from macropod_server.flows.pause_task import pause_task
from macropod_server.flows.start_run import start_runs
from macropod_server.flows.stop_run import kill_task

from tests.builders import WORKSPACE, all_rows, make_task, reread, runs_of, upload
from tests.flows.test_races import at_the_same_time


@pytest.fixture
def order(deps):
    """A task with these locks, a moment after those before it."""
    orchestration = upload(deps)

    def make(*locks, **wish):
        deps.clock.advance(milliseconds=1)
        return make_task(deps, orchestration, locks=list(locks), **wish)

    return make


def status(deps, *tasks):
    start_runs(deps)
    return [str(runs_of(deps, task)[-1].status) for task in tasks]


def end(deps, task):
    run = runs_of(deps, task)[-1]
    hand_spec(deps, run.id, now=deps.clock())
    finish_run(deps, run.id, Ending(Reason.COMPLETED), now=deps.clock())


def leave(deps, task):
    end(deps, task)
    clean_up(deps)


def held(deps):
    return sorted((slot.name, slot.number, slot.run_id) for slot in all_rows(deps, Slot))


def test_a_lock_is_held_by_one_run_until_its_container_is_gone(deps, order):
    first, second = order("warehouse"), order("warehouse")
    assert status(deps, first, second) == ["starting", "queued"]
    assert held(deps) == [("lock:warehouse", 1, runs_of(deps, first)[0].id)]
    end(deps, first)
    assert status(deps, second) == ["queued"]
    clean_up(deps)
    assert status(deps, second) == ["starting"]


def test_a_run_that_waits_for_a_lock_holds_up_no_other(deps, order):
    tasks = [order("a"), order("a"), order("b"), order()]
    assert status(deps, *tasks) == ["starting", "queued", "starting", "starting"]


def test_a_pool_has_as_many_places_as_it_was_given(deps, order):
    with deps.database.write() as session:
        pools.set_size(session, WORKSPACE, "gpu", 2)
    tasks = [order("gpu") for _ in range(4)]
    assert status(deps, *tasks) == ["starting", "starting", "queued", "queued"]
    leave(deps, tasks[0])
    assert status(deps, *tasks[2:]) == ["starting", "queued"]
    assert [number for _, number, _ in held(deps)] == [1, 2]


def test_who_holds_a_place_keeps_it_when_the_pool_is_made_smaller(deps, order):
    with deps.database.write() as session:
        pools.set_size(session, WORKSPACE, "gpu", 2)
    first, second, third = order("gpu"), order("gpu"), order("gpu")
    start_runs(deps)
    with deps.database.write() as session:
        pools.set_size(session, WORKSPACE, "gpu", 1)
    leave(deps, second)
    assert status(deps, first, third) == ["starting", "queued"]
    leave(deps, first)
    assert status(deps, third) == ["starting"]


def test_all_places_are_taken_or_none(deps, order):
    holder, both = order("b"), order("a", "b")
    assert status(deps, holder, both) == ["starting", "queued"]
    assert [name for name, _, _ in held(deps)] == ["lock:b"]
    assert status(deps, order("a")) == ["starting"]


def test_after_five_minutes_of_waiting_for_several_locks_they_are_kept_free(deps, order):
    holder, both = order("b"), order("a", "b")
    start_runs(deps)
    deps.clock.advance(minutes=5)
    younger, other = order("a"), order("c")
    assert status(deps, younger, both, other) == ["queued", "queued", "starting"]
    leave(deps, holder)
    assert status(deps, both, younger) == ["starting", "queued"]
    leave(deps, both)
    assert status(deps, younger) == ["starting"]


def test_a_paused_run_keeps_nothing_free(deps, order):
    order("b")
    both = order("a", "b")
    start_runs(deps)
    pause_task(deps, both.id, workspace_id=WORKSPACE, reason=None, requested_by=None, now=deps.clock())
    deps.clock.advance(minutes=5)
    assert status(deps, order("a")) == ["starting"]


def test_a_run_put_back_keeps_its_places(deps, order):
    first = order("warehouse")
    deps.spawner.stuck = {runs_of(deps, first)[0].id}
    start_runs(deps)
    assert status(deps, first, order("warehouse")) == ["queued", "queued"]
    deps.spawner.stuck.clear()
    deps.clock.advance(seconds=5)
    assert status(deps, first) == ["starting"]


def test_a_killed_queued_run_has_no_places_to_give_back(deps, order):
    first, second, third = order("x"), order("x"), order("x")
    start_runs(deps)
    kill_task(deps, second.id, workspace_id=WORKSPACE, now=deps.clock())
    leave(deps, first)
    assert status(deps, third) == ["starting"]


def test_a_retry_waits_for_its_lock_like_any_other(deps, order):
    failing, other = order("x", retries=1, retry_delay_seconds=0), order("x")
    start_runs(deps)
    run = runs_of(deps, failing)[0]
    hand_spec(deps, run.id, now=deps.clock())
    deps.clock.advance(seconds=1)
    finish_run(deps, run.id, Ending(Reason.EXIT_CODE), now=deps.clock())
    clean_up(deps)
    assert status(deps, other, failing) == ["starting", "queued"]


def test_locks_of_another_workspace_are_other_locks(deps, order):
    order("x")
    start_runs(deps)
    with deps.database.write() as session:
        session.get_one(Slot, (WORKSPACE, "lock:x", 1))
        assert pools.get(session, 2, "x").held_by == []


def test_servers_that_claim_at_the_same_time_give_a_lock_to_one_run(deps, restarted, order):
    tasks = [order("x", "y") for _ in range(6)]
    at_the_same_time(*[lambda server=server: start_runs(server) for server in (deps, restarted) * 2])
    assert sorted(status(deps, *tasks)) == ["queued"] * 5 + ["starting"]
    assert [name for name, _, _ in held(deps)] == ["lock:x", "lock:y"]


def test_a_task_that_runs_one_at_a_time_takes_its_place_when_it_is_claimed(deps):
    task = make_task(deps, overlap="queue_all")
    start_runs(deps)
    (run,) = runs_of(deps, task)
    assert held(deps) == [(f"task:{task.id}", 1, run.id)]
    assert reread(deps, run).status == "starting"
