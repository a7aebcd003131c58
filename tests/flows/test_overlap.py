"""What becomes of a tick, or of a wish for a run, while earlier runs of the task are not gone."""

from datetime import timedelta

import pytest
from macropod_server.app import close_deps
from macropod_server.domain.errors import Conflict
from macropod_server.domain.run import Reason
from macropod_server.flows.clean_up import clean_up
from macropod_server.flows.stop_run import kill_task

from tests.builders import NOON, WORKSPACE, all_rows, make_deps, make_task, reread, runs_of, upload_with_requirements
from tests.clockwork import (
    away,
    begin,
    claim,
    end,
    fill,
    holders,
    minutes_pass,
    order,
    outcomes,
    statuses,
    ticks_of,
)


def minutely(deps, overlap, **wish):
    return make_task(deps, schedule="* * * * *", overlap=overlap, **wish)


def running(deps, overlap, **wish):
    """A task whose first run runs."""
    task = minutely(deps, overlap, **wish)
    minutes_pass(deps, 1)
    return task, begin(deps, runs_of(deps, task)[0])


def test_allowed_runs_run_side_by_side(deps):
    task, _ = running(deps, "allow")
    minutes_pass(deps, 2)
    claim(deps)
    assert statuses(deps, task) == ["running", "starting", "starting"]
    assert holders(deps) == {}


def test_skipped_ticks_name_the_run_in_the_way_until_its_container_is_gone(deps):
    task, first = running(deps, "skip")
    minutes_pass(deps, 1)
    end(deps, first, gone=False)
    minutes_pass(deps, 1)
    clean_up(deps)
    minutes_pass(deps, 1)
    assert outcomes(deps, task) == ["started", "skipped", "skipped", "started"]
    assert {tick.run_id for tick in ticks_of(deps, task)[:3]} == {first.id}
    assert ticks_of(deps, task)[1].reason == f"Run {first.id} of this task was not over yet."
    assert [*holders(deps).values()] == [runs_of(deps, task)[1].id]


def test_after_a_restart_the_slot_is_still_taken(deps, restarted):
    task, first = running(deps, "skip")
    minutes_pass(restarted, 1)
    assert outcomes(deps, task) == ["started", "skipped"]
    end(restarted, first)
    minutes_pass(restarted, 1)
    assert outcomes(deps, task) == ["started", "skipped", "started"]


def test_a_stuck_container_keeps_the_slot(deps):
    task, first = running(deps, "skip")
    deps.spawner.stuck.add(first.id)
    end(deps, first)
    minutes_pass(deps, 1)
    assert outcomes(deps, task) == ["started", "skipped"]
    deps.spawner.stuck.clear()
    deps.clock.advance(minutes=1)
    clean_up(deps)
    minutes_pass(deps, 1)
    assert outcomes(deps, task)[-1] == "started"


def test_a_run_by_hand_counts_like_one_of_a_tick(deps):
    task, first = running(deps, "skip")
    with pytest.raises(Conflict, match=first.id):
        order(deps, task)
    end(deps, first)
    by_hand = order(deps, task).run
    minutes_pass(deps, 1)
    assert (outcomes(deps, task)[-1], ticks_of(deps, task)[-1].run_id) == ("skipped", by_hand.id)


def test_with_queue_one_the_second_waits_and_further_ticks_are_merged_into_it(deps):
    task, first = running(deps, "queue_one")
    minutes_pass(deps, 3)
    waiting = runs_of(deps, task)[1]
    assert outcomes(deps, task) == ["started", "started", "merged", "merged"]
    assert [tick.run_id for tick in ticks_of(deps, task)[1:]] == [waiting.id] * 3
    claim(deps)
    assert statuses(deps, task) == ["running", "queued"]
    end(deps, first)
    claim(deps)
    minutes_pass(deps, 1)
    assert statuses(deps, task) == ["success", "starting", "queued"]


def test_with_queue_one_a_run_by_hand_is_the_one_that_waits(deps):
    task, _ = running(deps, "queue_one")
    waiting = order(deps, task)
    again = order(deps, task)
    assert (waiting.is_new, again.is_new, again.run.id) == (True, False, waiting.run.id)
    minutes_pass(deps, 1)
    assert (outcomes(deps, task)[-1], ticks_of(deps, task)[-1].run_id) == ("merged", waiting.run.id)


def test_with_queue_all_every_tick_runs_one_at_a_time_and_in_order(deps):
    task = minutely(deps, "queue_all", missed="all")
    away(deps, minutes=4)
    deps.clock.advance(seconds=1)
    order(deps, task)
    ended = []
    for _ in range(5):
        claim(deps)
        (started,) = [run for run in runs_of(deps, task) if run.status == "starting"]
        assert [*holders(deps).values()] == [started.id]
        ended.append(started.due_at)
        end(deps, started)
    assert ended == [*(tick.due_at for tick in ticks_of(deps, task)), None]


def test_the_slot_is_passed_on_only_when_the_container_is_gone(deps):
    task, first = running(deps, "queue_all")
    minutes_pass(deps, 1)
    end(deps, first, gone=False)
    claim(deps)
    assert statuses(deps, task) == ["success", "queued"]
    clean_up(deps)
    claim(deps)
    assert statuses(deps, task) == ["success", "starting"]


def test_the_newest_takes_the_place_of_the_running_and_of_the_waiting(deps):
    task, first = running(deps, "cancel_running")
    minutes_pass(deps, 2)
    _, second, third = runs_of(deps, task)
    assert statuses(deps, task) == ["running", "killed", "queued"]
    assert (second.reason, second.message) == ("superseded", "A newer run of the task takes its place.")
    asked = reread(deps, first)
    assert (asked.stop_requested_by, asked.stop_reason) == ("macropod", "superseded")
    claim(deps)
    assert statuses(deps, task)[2] == "queued"
    end(deps, first, Reason.KILL_REQUESTED)
    claim(deps)
    assert statuses(deps, task)[2] == "starting"
    assert reread(deps, first).reason == "superseded"
    assert outcomes(deps, task) == ["started"] * 3
    assert [*holders(deps).values()] == [third.id]


def test_a_superseded_run_that_ended_by_itself_keeps_its_end(deps):
    _, first = running(deps, "cancel_running")
    minutes_pass(deps, 1)
    end(deps, first)
    assert (reread(deps, first).status, reread(deps, first).reason) == ("success", "completed")


def test_of_several_missed_ticks_that_run_the_newest_takes_the_place_of_the_others(deps):
    task = minutely(deps, "cancel_running", missed="all")
    away(deps, minutes=3)
    assert statuses(deps, task) == ["killed", "killed", "queued"]
    assert [*holders(deps).values()] == [runs_of(deps, task)[-1].id]


def test_runs_by_hand_take_the_place_of_others_too(deps):
    task, first = running(deps, "cancel_running")
    order(deps, task)
    assert reread(deps, first).stop_reason == "superseded"


def test_more_than_the_most_are_refused(tmp_path, database_url):
    deps = make_deps(tmp_path, database_url=database_url, max_queued_per_task=2)
    task = minutely(deps, "queue_all")
    minutes_pass(deps, 4)
    assert outcomes(deps, task) == ["started", "started", "refused", "refused"]
    assert ticks_of(deps, task)[2].reason.startswith("2 runs of this task are waiting already")
    with pytest.raises(Conflict, match="2 are the most"):
        order(deps, task)
    close_deps(deps)


def test_runs_that_wait_for_packaging_overlap_as_well(deps):
    task = make_task(deps, upload_with_requirements(deps), schedule="* * * * *", overlap="skip")
    minutes_pass(deps, 2)
    assert outcomes(deps, task) == ["started", "skipped"]


def test_a_killed_task_leaves_no_slot(deps):
    task, first = running(deps, "queue_all")
    minutes_pass(deps, 1)
    kill_task(deps, task.id, workspace_id=WORKSPACE, now=deps.clock())
    end(deps, first, Reason.KILL_REQUESTED)
    assert holders(deps) == {}


def test_tasks_do_not_stand_in_each_others_way(deps):
    tasks = [minutely(deps, "skip") for _ in range(3)]
    minutes_pass(deps, 1)
    assert [outcomes(deps, task) for task in tasks] == [["started"]] * 3
    assert len(all_rows(deps, type(runs_of(deps, tasks[0])[0]))) == len(holders(deps)) == 3


def test_the_retry_of_a_backfilled_run_is_not_superseded(deps):
    task = minutely(deps, "cancel_running", retries=1)
    deps.clock.advance(seconds=30)
    fill(deps, task, NOON - timedelta(minutes=1, seconds=30), NOON - timedelta(minutes=1))
    end(deps, begin(deps, runs_of(deps, task)[0]), Reason.EXIT_CODE)
    away(deps, seconds=30)
    found = [(run.cause, run.status) for run in runs_of(deps, task)]
    assert sorted(found) == [("backfill", "failure"), ("retry", "queued"), ("schedule", "queued")]
