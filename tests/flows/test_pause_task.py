"""A paused task starts nothing; its ticks pass as rows; resumed, the policy for missed ticks is asked again."""

from datetime import timedelta

import pytest
from macropod_server.domain.errors import Conflict
from macropod_server.domain.run import Reason
from macropod_server.flows.enqueue_due import enqueue_due
from macropod_server.flows.finish_run import Ending, finish_run
from macropod_server.flows.stop_run import kill_task, stop_runs

from tests.builders import NOON, WORKSPACE, make_task, reread, runs_of, upload_with_requirements
from tests.clockwork import (
    away,
    begin,
    claim,
    end,
    minutes_pass,
    order,
    outcomes,
    pause,
    resume,
    statuses,
    ticks_of,
)


def minutely(deps, **wish):
    return make_task(deps, schedule="* * * * *", **wish)


def test_ticks_pass_as_rows_and_say_who_paused_and_why(deps):
    task = minutely(deps)
    paused = pause(deps, task, "the warehouse moves")
    assert (paused.status, paused.paused_at, paused.paused_by) == ("paused", NOON, "laptop")
    minutes_pass(deps, 3)
    assert outcomes(deps, task) == ["paused"] * 3
    assert ticks_of(deps, task)[0].reason == "The task was paused by laptop: the warehouse moves"
    assert reread(deps, task).next_due_at == NOON + timedelta(minutes=4)


def test_who_paused_first_stays_noted(deps):
    task = minutely(deps)
    pause(deps, task, "first", by="one")
    deps.clock.advance(seconds=5)
    again = pause(deps, task, "second", by="other")
    assert (again.paused_by, again.pause_reason, again.paused_at) == ("one", "first", NOON)


def test_what_runs_goes_on_and_what_waits_waits(deps):
    task = minutely(deps)
    minutes_pass(deps, 1)
    first = begin(deps, runs_of(deps, task)[0])
    deps.clock.advance(seconds=1)
    order(deps, task)
    pause(deps, task)
    claim(deps)
    assert statuses(deps, task) == ["running", "queued"]
    end(deps, first)
    assert (reread(deps, first).status, reread(deps, task).status) == ("success", "paused")
    claim(deps)
    assert statuses(deps, task) == ["success", "queued"]
    resume(deps, task)
    claim(deps)
    assert statuses(deps, task) == ["success", "starting"]


@pytest.mark.parametrize(
    ("missed", "expected"),
    [
        ("latest", ["paused", "paused", "paused", "started"]),
        ("all", ["paused", "paused", "started", "started"]),
        ("none", ["paused", "paused", "paused", "paused"]),
    ],
)
def test_resumed_the_policy_says_which_of_them_run(deps, missed, expected):
    task = make_task(deps, schedule="*/10 * * * *", missed=missed, missed_cap=2)
    pause(deps, task)
    away(deps, minutes=45)
    resumed = resume(deps, task)
    assert (resumed.status, resumed.paused_at, resumed.paused_by, resumed.pause_reason) == ("started", None, None, None)
    assert outcomes(deps, task) == expected
    assert [tick.reason is None for tick in ticks_of(deps, task)] == [each == "started" for each in expected]
    assert [run.due_at for run in runs_of(deps, task)] == [
        tick.due_at for tick in ticks_of(deps, task) if tick.outcome == "started"
    ]
    assert resumed.last_run_id == (runs_of(deps, task)[-1].id if "started" in expected else None)


def test_older_ones_than_the_window_do_not_run(deps):
    task = make_task(deps, schedule="0 * * * *", missed_window_seconds=600)
    pause(deps, task)
    away(deps, minutes=90)
    resume(deps, task)
    assert outcomes(deps, task) == ["paused"]


def test_moments_that_nobody_has_looked_at_yet_are_decided_in_their_own_turn(deps):
    task = make_task(deps, schedule="*/10 * * * *", missed="all", missed_cap=3)
    pause(deps, task)
    away(deps, minutes=25)
    deps.clock.advance(minutes=20)
    resume(deps, task)
    assert outcomes(deps, task) == ["paused", "started"]
    away(deps)
    assert outcomes(deps, task) == ["paused", "started", "started", "started"]


def test_the_latest_is_the_one_nobody_has_looked_at_yet(deps):
    task = make_task(deps, schedule="*/10 * * * *")
    pause(deps, task)
    away(deps, minutes=25)
    deps.clock.advance(minutes=10)
    resume(deps, task)
    away(deps)
    assert outcomes(deps, task) == ["paused", "paused", "started"]


def test_a_second_pause_does_not_bring_back_the_first(deps):
    task = make_task(deps, schedule="*/10 * * * *", missed="all", missed_cap=2)
    pause(deps, task)
    away(deps, minutes=45)
    resume(deps, task)
    pause(deps, task)
    resume(deps, task)
    assert outcomes(deps, task) == ["paused", "paused", "started", "started"]


def test_the_overlap_policy_holds_for_what_runs_after_a_pause(deps):
    task = minutely(deps, overlap="skip", missed="all")
    minutes_pass(deps, 1)
    first = begin(deps, runs_of(deps, task)[0])
    pause(deps, task)
    minutes_pass(deps, 2)
    resume(deps, task)
    assert outcomes(deps, task) == ["started", "skipped", "skipped"]
    assert ticks_of(deps, task)[1].run_id == first.id


def test_a_pause_outlives_a_restart(deps, restarted):
    task = minutely(deps)
    pause(deps, task)
    minutes_pass(restarted, 2)
    resume(restarted, task)
    assert outcomes(deps, task) == ["paused", "started"]


def test_resuming_what_is_not_paused_changes_nothing(deps):
    task = minutely(deps)
    assert resume(deps, task).status == "started"
    assert outcomes(deps, task) == []


def test_what_is_over_can_neither_be_paused_nor_resumed(deps):
    task, once = minutely(deps), make_task(deps)
    end(deps, begin(deps, runs_of(deps, once)[0]))
    with pytest.raises(Conflict, match="has ended"):
        pause(deps, once)
    kill_task(deps, task.id, workspace_id=WORKSPACE, now=deps.clock())
    with pytest.raises(Conflict, match="pending_kill"):
        pause(deps, task)
    stop_runs(deps)
    with pytest.raises(Conflict, match="killed"):
        resume(deps, task)


def test_a_paused_task_can_be_killed(deps):
    task = minutely(deps)
    pause(deps, task)
    kill_task(deps, task.id, workspace_id=WORKSPACE, now=deps.clock())
    stop_runs(deps)
    away(deps, minutes=5)
    assert (reread(deps, task).status, outcomes(deps, task)) == ("killed", [])


@pytest.mark.parametrize(("reason", "status"), [(Reason.COMPLETED, "started"), (Reason.PACKAGING_FAILED, "failed")])
def test_packaging_may_end_in_a_pause(deps, reason, status):
    orchestration = upload_with_requirements(deps)
    task = make_task(deps, orchestration, schedule="* * * * *")
    pause(deps, task)
    claim(deps)
    finish_run(deps, orchestration.packaging_run_id, Ending(reason, "no such package"), now=deps.clock())
    if status == "failed":
        assert reread(deps, task).status == "failed"
    else:
        assert (reread(deps, task).status, resume(deps, task).status) == ("paused", "started")


def test_a_task_that_waits_for_packaging_waits_on_after_a_pause(deps):
    task = make_task(deps, upload_with_requirements(deps), schedule="* * * * *")
    pause(deps, task)
    assert resume(deps, task).status == "pending"


def test_a_task_that_runs_once_can_be_held_back(deps):
    task = make_task(deps)
    pause(deps, task)
    claim(deps)
    assert statuses(deps, task) == ["queued"]
    assert resume(deps, task).status == "pending"
    claim(deps)
    assert (statuses(deps, task), reread(deps, task).status) == (["starting"], "started")


def test_a_plan_that_ends_in_a_pause_leaves_nothing_to_come_once_it_is_resumed(deps):
    task = minutely(deps, ends_at=NOON + timedelta(minutes=2), missed="none")
    pause(deps, task)
    away(deps, hours=2)
    assert (reread(deps, task).active, outcomes(deps, task)) == (True, ["paused", "paused"])
    assert not resume(deps, task).active
    assert not enqueue_due(deps)


def test_a_plan_that_ended_in_a_pause_may_still_have_its_last_run(deps):
    task = minutely(deps, ends_at=NOON + timedelta(minutes=2))
    pause(deps, task)
    away(deps, minutes=5)
    assert resume(deps, task).active
    end(deps, begin(deps, runs_of(deps, task)[0]))
    assert not reread(deps, task).active


def failing(deps, task, times, reason=Reason.EXIT_CODE):
    for _ in range(times):
        minutes_pass(deps, 1)
        run = begin(deps, runs_of(deps, task)[-1])
        finish_run(deps, run.id, Ending(reason, "main.py ended with exit code 3."), now=deps.clock())


def test_after_failures_in_a_row_a_task_pauses_by_itself(deps):
    task = minutely(deps, pause_after_failures=3)
    failing(deps, task, 2)
    assert (reread(deps, task).status, reread(deps, task).failures_in_a_row) == ("started", 2)
    failing(deps, task, 1, Reason.TIME_LIMIT)
    paused = reread(deps, task)
    assert (paused.status, paused.paused_by, paused.paused_at) == ("paused", "macropod", deps.clock())
    assert paused.pause_reason == "3 runs in a row failed; the last one: main.py ended with exit code 3."
    minutes_pass(deps, 2)
    assert outcomes(deps, task)[3:] == ["paused", "paused"]
    resumed = resume(deps, task)
    assert (resumed.status, resumed.failures_in_a_row) == ("started", 0)


def test_a_success_in_between_begins_the_count_anew_and_a_kill_does_not(deps):
    task = minutely(deps, pause_after_failures=3)
    failing(deps, task, 2)
    failing(deps, task, 1, Reason.COMPLETED)
    failing(deps, task, 2)
    failing(deps, task, 1, Reason.KILL_REQUESTED)
    assert (reread(deps, task).status, reread(deps, task).failures_in_a_row) == ("started", 2)
    failing(deps, task, 1)
    assert reread(deps, task).status == "paused"


def test_attempts_count_once_with_their_last(deps):
    task = minutely(deps, pause_after_failures=1, retries=1, retry_delay_seconds=0)
    failing(deps, task, 1)
    assert reread(deps, task).status == "started"
    retry = begin(deps, runs_of(deps, task)[-1])
    end(deps, retry, Reason.EXIT_CODE)
    assert (reread(deps, task).status, reread(deps, task).failures_in_a_row) == ("paused", 1)


def test_a_pause_by_hand_keeps_its_name_when_a_run_fails_later(deps):
    task = minutely(deps, pause_after_failures=1)
    minutes_pass(deps, 1)
    run = begin(deps, runs_of(deps, task)[0])
    pause(deps, task, "by hand")
    end(deps, run, Reason.EXIT_CODE)
    assert reread(deps, task).pause_reason == "by hand"
