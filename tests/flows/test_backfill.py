"""Moments of the past that have no run get one, once."""

from datetime import timedelta

import pytest
from macropod_server.app import close_deps
from macropod_server.domain.errors import Conflict, Invalid
from macropod_server.domain.run import Cause
from macropod_server.flows.stop_run import kill_task

from tests.builders import NOON, WORKSPACE, make_deps, make_task, reread, runs_of
from tests.clockwork import (
    away,
    begin,
    claim,
    end,
    enqueue_all,
    fill,
    holders,
    minutes_pass,
    outcomes,
    pause,
    statuses,
    ticks_of,
)

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def scheduled(deps, **wish):
    return make_task(deps, **{"schedule": "*/10 * * * *"} | wish)


def test_missed_moments_get_their_run_and_others_are_left(deps):
    task = scheduled(deps)
    away(deps, minutes=45)
    filled = fill(deps, task, NOON, NOON + 45 * MINUTE)
    assert [tick.due_at for tick in filled] == [NOON + each * MINUTE for each in (0, 10, 20, 30)]
    assert outcomes(deps, task) == ["started"] * 5
    made = {run.due_at: run for run in runs_of(deps, task)}
    assert [made[tick.due_at].id for tick in ticks_of(deps, task)] == [tick.run_id for tick in ticks_of(deps, task)]
    causes = [made[tick.due_at].cause for tick in ticks_of(deps, task)]
    assert causes == [Cause.BACKFILL] * 4 + [Cause.SCHEDULE]
    assert {tick.reason for tick in ticks_of(deps, task)} == {None}
    assert made[NOON].requested_by == "laptop"


def test_asked_for_again_nothing_is_left_to_do(deps, restarted):
    task = scheduled(deps)
    away(deps, minutes=45)
    assert len(fill(deps, task, NOON, NOON + 45 * MINUTE)) == 4
    assert fill(restarted, task, NOON - 0 * HOUR, NOON + 45 * MINUTE) == []
    assert len(runs_of(deps, task)) == 5


def test_moments_before_the_task_was_made_count_unless_it_starts_later(deps):
    task, later = scheduled(deps), scheduled(deps, starts_at=NOON - 25 * MINUTE)
    deps.clock.advance(seconds=1)
    assert len(fill(deps, task, NOON - HOUR, NOON)) == 7
    assert [tick.due_at for tick in fill(deps, later, NOON - HOUR, NOON)] == [
        NOON - 20 * MINUTE,
        NOON - 10 * MINUTE,
        NOON,
    ]


def test_both_ends_are_included_and_nothing_beside_them(deps):
    task = scheduled(deps)
    span = NOON - 20 * MINUTE, NOON - 10 * MINUTE
    assert [tick.due_at for tick in fill(deps, task, *span)] == [*span]
    second = timedelta(seconds=1)
    assert fill(deps, task, span[0] + second, span[1] - second) == []


@pytest.mark.parametrize(
    ("overlap", "outcome", "filled"), [("skip", "skipped", 2), ("queue_one", "merged", 0), ("queue_all", "started", 0)]
)
def test_what_was_skipped_gets_its_run_and_what_was_merged_has_one(deps, overlap, outcome, filled):
    task = make_task(deps, schedule="* * * * *", overlap=overlap)
    minutes_pass(deps, 1)
    begin(deps, runs_of(deps, task)[0])
    minutes_pass(deps, 3)
    assert outcomes(deps, task)[2] == outcome
    made = fill(deps, task, NOON, NOON + 3 * MINUTE)
    assert len([tick for tick in made if tick.due_at > NOON]) == filled


@pytest.mark.parametrize("overlap", ["skip", "queue_one", "queue_all", "cancel_running"])
def test_where_runs_must_not_overlap_they_run_one_after_the_other(deps, overlap):
    task = scheduled(deps, overlap=overlap)
    fill(deps, task, NOON - 30 * MINUTE, NOON - MINUTE)
    ended = []
    for _ in range(3):
        claim(deps)
        (started,) = [run for run in runs_of(deps, task) if run.status == "starting"]
        ended.append(started.due_at)
        end(deps, started)
    assert ended == [NOON - 30 * MINUTE, NOON - 20 * MINUTE, NOON - 10 * MINUTE]
    assert holders(deps) == {}


def test_ticks_meanwhile_do_not_take_their_place(deps):
    task = make_task(deps, schedule="* * * * *", overlap="cancel_running")
    fill(deps, task, NOON - 2 * MINUTE, NOON - MINUTE)
    claim(deps)
    minutes_pass(deps, 1)
    assert statuses(deps, task) == ["starting", "queued", "queued"]


def test_what_waits_for_a_moment_of_its_own_stands_for_no_tick(deps):
    task = make_task(deps, schedule="* * * * *", overlap="queue_one")
    fill(deps, task, NOON - 3 * MINUTE, NOON - MINUTE)
    minutes_pass(deps, 2)
    assert outcomes(deps, task)[-2:] == ["started", "merged"]


def test_a_moment_nobody_has_looked_at_yet_is_not_made_twice(deps):
    task = scheduled(deps)
    deps.clock.advance(minutes=20)
    assert len(fill(deps, task, NOON + 5 * MINUTE, NOON + 20 * MINUTE)) == 2
    enqueue_all(deps)
    assert outcomes(deps, task) == ["started", "started"]
    assert (len(runs_of(deps, task)), reread(deps, task).next_due_at) == (2, NOON + 30 * MINUTE)


def test_moments_of_a_pause_that_is_over_can_be_made_up(deps):
    task = scheduled(deps, missed="none")
    pause(deps, task)
    away(deps, minutes=25)
    with pytest.raises(Conflict, match="paused"):
        fill(deps, task, NOON, NOON + 25 * MINUTE)


@pytest.mark.parametrize(
    ("span", "where"),
    [
        ((NOON, NOON), "from_at"),
        ((NOON, NOON - HOUR), "from_at"),
        ((NOON, NOON + HOUR), "to_at"),
        ((NOON - timedelta(days=8), NOON), "to_at"),
    ],
)
def test_spans_that_cannot_be_backfilled(deps, span, where):
    task = scheduled(deps)
    with pytest.raises(Invalid) as refusal:
        fill(deps, task, *span)
    assert refusal.value.problems[0].where == where
    assert runs_of(deps, task) == []


def test_a_thousand_at_once_are_the_most(deps):
    task = make_task(deps, schedule="* * * * *")
    assert len(fill(deps, task, NOON - 999 * MINUTE, NOON)) == 1000
    with pytest.raises(Invalid, match="More than 1000"):
        fill(deps, task, NOON - 3000 * MINUTE, NOON - 2000 * MINUTE)


def test_more_than_may_wait_are_not_made_at_all(tmp_path, database_url):
    deps = make_deps(tmp_path, database_url=database_url, max_queued_per_task=3)
    task = scheduled(deps)
    with pytest.raises(Conflict, match="3 are the most"):
        fill(deps, task, NOON - HOUR, NOON)
    assert (runs_of(deps, task), ticks_of(deps, task)) == ([], [])
    close_deps(deps)


def test_only_what_has_a_schedule_and_lives_can_be_backfilled(deps):
    with pytest.raises(Conflict, match="no schedule"):
        fill(deps, make_task(deps), NOON - HOUR, NOON)
    task = scheduled(deps)
    kill_task(deps, task.id, workspace_id=WORKSPACE, now=NOON)
    with pytest.raises(Conflict, match="pending_kill"):
        fill(deps, task, NOON - HOUR, NOON)


def test_a_task_whose_plan_has_ended_is_active_while_it_is_backfilled(deps):
    task = scheduled(deps, ends_at=NOON + 25 * MINUTE, missed="none")
    away(deps, hours=1)
    assert not reread(deps, task).active
    fill(deps, task, NOON + MINUTE, NOON + 10 * MINUTE)
    assert reread(deps, task).active
    end(deps, begin(deps, runs_of(deps, task)[0]))
    assert not reread(deps, task).active
