"""Several servers at the same task: each moment has one row, and no more runs are let in than the policy allows."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from macropod_server.domain.errors import Conflict, Unavailable
from macropod_server.flows.enqueue_due import enqueue_due
from macropod_server.flows.stop_run import kill_task

from tests.builders import NOON, WORKSPACE, make_task, reread, runs_of, upload
from tests.clockwork import (
    away,
    begin,
    claim,
    end,
    enqueue_all,
    fill,
    holders,
    minutes_pass,
    order,
    outcomes,
    pause,
    pause_workspace,
    resume,
    resume_workspace,
    statuses,
    ticks_of,
)

ROUNDS = 6


def at_the_same_time(*actions):
    """What each action returned or raised."""
    barrier = threading.Barrier(len(actions))

    def act(action):
        barrier.wait()
        try:
            return action()
        except (Conflict, Unavailable) as refusal:
            return refusal

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(act, actions))


def minutely(deps, **wish):
    return make_task(deps, schedule="* * * * *", **wish)


@pytest.mark.parametrize(
    ("overlap", "expected"),
    [("skip", ["queued"]), ("queue_one", ["queued", "queued"]), ("cancel_running", ["killed"] * 5 + ["queued"])],
)
def test_orders_at_the_same_time_as_a_tick(deps, restarted, overlap, expected):
    task = minutely(deps, overlap=overlap)
    deps.clock.advance(minutes=1)
    ordering = [lambda each=each: order(each, task) for each in (deps, restarted, deps, restarted, deps)]
    at_the_same_time(lambda: enqueue_due(restarted), *ordering)
    enqueue_all(deps)
    assert sorted(statuses(deps, task)) == expected
    assert len(outcomes(deps, task)) == len(holders(deps)) == 1


def test_of_several_that_wait_one_is_claimed(deps, restarted):
    task = minutely(deps, overlap="queue_all", missed="all")
    away(deps, minutes=5)
    for done in range(5):
        at_the_same_time(*[lambda each=each: claim(each) for each in (deps, restarted, deps)])
        assert Counter(statuses(deps, task))["starting"] == 1
        (run,) = [run for run in runs_of(deps, task) if run.status == "starting"]
        end(deps, begin(deps, run))
        assert Counter(statuses(deps, task))["success"] == done + 1
    assert holders(deps) == {}


def test_a_backfill_asked_for_by_many_makes_each_run_once(deps, restarted):
    task = make_task(deps, schedule="*/10 * * * *")
    deps.clock.advance(minutes=45)
    calls = [lambda each=each: fill(each, task, NOON, deps.clock()) for each in (deps, restarted, deps)]
    at_the_same_time(*calls, lambda: enqueue_all(restarted))
    enqueue_all(deps)
    assert Counter(run.due_at for run in runs_of(deps, task)).most_common(1)[0][1] == 1
    assert outcomes(deps, task) == ["started"] * 5


def test_a_pause_at_the_moment_of_a_tick_lets_it_run_or_pass(deps, restarted):
    for _ in range(ROUNDS):
        task = minutely(deps)
        deps.clock.advance(minutes=1)
        at_the_same_time(lambda task=task: pause(deps, task), lambda: enqueue_all(restarted))
        enqueue_all(deps)
        (outcome,) = outcomes(deps, task)
        assert len(runs_of(deps, task)) == (outcome == "started")
        resume(deps, task)
        assert outcomes(deps, task) == ["started"]


def test_no_tick_is_lost_between_a_resume_and_a_step(deps, restarted):
    orchestration = upload(deps)
    tasks = [make_task(deps, orchestration, schedule="* * * * *") for _ in range(12)]
    for round_number in range(1, ROUNDS):
        pause_workspace(deps)
        deps.clock.advance(minutes=1)
        at_the_same_time(lambda: enqueue_all(restarted), lambda: resume_workspace(deps, timedelta(0)))
        enqueue_all(deps)
        assert [outcomes(deps, task) for task in tasks] == [["started"] * round_number] * 12


def test_a_kill_and_ticks_and_orders_do_not_lock_each_other_out(deps, restarted):
    for _ in range(ROUNDS):
        task = minutely(deps, overlap="cancel_running")
        minutes_pass(deps, 1)
        deps.clock.advance(minutes=1)
        answers = at_the_same_time(
            lambda task=task: kill_task(deps, task.id, workspace_id=WORKSPACE, now=deps.clock()),
            lambda: enqueue_all(restarted),
            lambda task=task: order(deps, task),
            lambda: claim(restarted),
        )
        assert not [each for each in answers if isinstance(each, Unavailable)]
        assert reread(deps, task).status in ("pending_kill", "killed")
        left = [run for run in runs_of(deps, task) if run.status in ("queued", "starting")]
        assert all(run.stop_requested_at for run in left)
        assert len({tick.due_at for tick in ticks_of(deps, task)}) == len(ticks_of(deps, task))
