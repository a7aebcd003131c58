"""The switch for all of a workspace, and how what waited starts again."""

from datetime import timedelta

import pytest
from macropod_server.db.tables import Run, Task, Workspace
from macropod_server.domain.errors import Conflict
from macropod_server.domain.run import Reason
from macropod_server.flows.change_workspace import archive_workspace, reopen_workspace

from tests.builders import NOON, WORKSPACE, all_rows, make_task, reread, runs_of, upload, upload_with_requirements
from tests.clockwork import (
    away,
    begin,
    claim,
    end,
    enqueue_all,
    fill,
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

MINUTE, NO_TIME = timedelta(minutes=1), timedelta(0)


def minutely(deps, count=1, **wish):
    orchestration = upload(deps)
    return [make_task(deps, orchestration, schedule="* * * * *", **wish) for _ in range(count)]


def starts_after(deps):
    """When the waiting runs may start, in the order of their turns."""
    turns = [run.put_off_until for run in all_rows(deps, Run) if run.status == "queued"]
    return sorted((turn - deps.clock()).total_seconds() for turn in turns)


def test_nothing_starts_and_ticks_pass_as_rows(deps):
    (task,), once = minutely(deps), make_task(deps)
    paused = pause_workspace(deps, "the warehouse moves")
    assert (paused.paused_at, paused.paused_by, paused.pause_reason) == (NOON, "laptop", "the warehouse moves")
    minutes_pass(deps, 2)
    claim(deps)
    assert (outcomes(deps, task), statuses(deps, once)) == (["paused", "paused"], ["queued"])
    assert ticks_of(deps, task)[0].reason == "The workspace was paused by laptop: the warehouse moves"
    assert reread(deps, task).status == "started"


def test_in_an_archived_workspace_nothing_starts_and_it_is_opened_paused(deps):
    (task,), once = minutely(deps), make_task(deps)
    archive_workspace(deps, WORKSPACE, requested_by="ada@example.org", now=deps.clock())
    minutes_pass(deps, 2)
    claim(deps)
    assert (outcomes(deps, task), statuses(deps, once)) == (["paused", "paused"], ["queued"])
    with pytest.raises(Conflict, match="is archived"):
        resume_workspace(deps, NO_TIME)
    reopen_workspace(deps, WORKSPACE, requested_by="ada@example.org")
    claim(deps)
    assert statuses(deps, once) == ["queued"]
    resume_workspace(deps, NO_TIME)
    claim(deps)
    assert statuses(deps, once) == ["starting"]


def test_archiving_keeps_who_paused_first_and_twice_changes_nothing(deps):
    pause_workspace(deps, "the warehouse moves", by="one")
    first = archive_workspace(deps, WORKSPACE, requested_by="other", now=deps.clock())
    deps.clock.advance(minutes=1)
    second = archive_workspace(deps, WORKSPACE, requested_by="third", now=deps.clock())
    assert (first.archived_at, first.pause_reason) == (second.archived_at, "the warehouse moves")


def test_what_runs_goes_on(deps):
    (task,) = minutely(deps)
    minutes_pass(deps, 1)
    run = begin(deps, runs_of(deps, task)[0])
    pause_workspace(deps)
    end(deps, run)
    assert statuses(deps, task) == ["success"]


def test_who_paused_first_stays_noted(deps):
    pause_workspace(deps, "first", by="one")
    assert pause_workspace(deps, "second", by="other").pause_reason == "first"


def test_another_workspace_goes_on(deps):
    (task,) = minutely(deps)
    with deps.database.write() as session:
        session.add(Workspace(id=2, name="other", created_at=NOON, paused_at=NOON, paused_by="them"))
    minutes_pass(deps, 1)
    claim(deps)
    assert (outcomes(deps, task), statuses(deps, task)) == (["started"], ["starting"])


def test_packaging_goes_on(deps):
    orchestration = upload_with_requirements(deps)
    pause_workspace(deps)
    claim(deps)
    assert [run.status for run in all_rows(deps, Run) if run.id == orchestration.packaging_run_id] == ["starting"]


def test_resumed_what_waits_starts_one_after_the_other(deps):
    tasks = minutely(deps, 4)
    minutes_pass(deps, 1)
    pause_workspace(deps)
    minutes_pass(deps, 2)
    resumed = resume_workspace(deps, 80 * timedelta(seconds=1))
    assert (resumed.paused_at, resumed.paused_by, resumed.pause_reason) == (None, None, None)
    assert [outcomes(deps, task) for task in tasks] == [["started", "paused", "started"]] * 4
    assert starts_after(deps) == [0, 10, 20, 30, 40, 50, 60, 70]
    claim(deps)
    assert sum(run.status == "starting" for run in all_rows(deps, Run)) == 1
    deps.clock.advance(seconds=35)
    claim(deps)
    assert sum(run.status == "starting" for run in all_rows(deps, Run)) == 4


def test_what_had_waited_before_has_its_turn_before_what_passed_meanwhile(deps):
    (task,) = minutely(deps)
    minutes_pass(deps, 1)
    pause_workspace(deps)
    minutes_pass(deps, 1)
    resume_workspace(deps, MINUTE)
    before, after = sorted(runs_of(deps, task), key=lambda run: run.put_off_until)
    assert before.due_at < after.due_at


def test_without_a_spread_all_may_start_at_once(deps):
    tasks = minutely(deps, 3)
    pause_workspace(deps)
    minutes_pass(deps, 1)
    resume_workspace(deps, NO_TIME)
    claim(deps)
    assert [statuses(deps, task) for task in tasks] == [["starting"]] * 3


def test_a_run_that_is_put_off_for_longer_keeps_its_time(deps):
    task = make_task(deps)
    (run,) = runs_of(deps, task)
    with deps.database.write() as session:
        session.get_one(Run, run.id).put_off_until = NOON + timedelta(hours=1)
    pause_workspace(deps)
    resume_workspace(deps, MINUTE)
    assert reread(deps, run).put_off_until == NOON + timedelta(hours=1)


def test_a_task_paused_by_itself_stays_so(deps):
    own, other = minutely(deps, 2)
    pause(deps, own)
    pause_workspace(deps)
    minutes_pass(deps, 2)
    resume_workspace(deps, NO_TIME)
    assert (reread(deps, own).status, outcomes(deps, own)) == ("paused", ["paused", "paused"])
    assert outcomes(deps, other) == ["paused", "started"]
    resume(deps, own)
    assert outcomes(deps, own) == ["paused", "started"]


def test_a_task_resumed_in_a_paused_workspace_is_asked_about_with_the_others(deps):
    (task,) = minutely(deps)
    pause(deps, task)
    minutes_pass(deps, 1)
    pause_workspace(deps)
    minutes_pass(deps, 1)
    assert (resume(deps, task).status, outcomes(deps, task)) == ("started", ["paused", "paused"])
    resume_workspace(deps, NO_TIME)
    assert outcomes(deps, task) == ["paused", "started"]


def test_more_tasks_than_one_step_takes_are_all_asked_about(deps):
    tasks = minutely(deps, 210)
    pause_workspace(deps)
    minutes_pass(deps, 1)
    resume_workspace(deps, 21 * MINUTE)
    assert {outcomes(deps, task)[0] for task in tasks} == {"started"}
    turns = starts_after(deps)
    assert (len(turns), turns[-1]) == (210, 209 * 6)


def test_a_run_by_hand_waits_for_the_workspace(deps):
    (task,) = minutely(deps)
    pause_workspace(deps)
    order(deps, task)
    claim(deps)
    assert statuses(deps, task) == ["queued"]


def test_a_plan_that_ends_in_a_pause_of_the_workspace(deps):
    late, over = (make_task(deps, schedule="* * * * *", ends_at=NOON + MINUTE, missed=it) for it in ("latest", "none"))
    pause_workspace(deps)
    away(deps, minutes=5)
    assert reread(deps, late).active
    assert reread(deps, over).active
    resume_workspace(deps, NO_TIME)
    assert (reread(deps, late).active, reread(deps, over).active) == (True, False)
    end(deps, begin(deps, runs_of(deps, late)[0]), Reason.EXIT_CODE)
    assert not reread(deps, late).active


def test_resuming_what_is_not_paused_puts_nothing_off(deps):
    task = make_task(deps)
    resume_workspace(deps, MINUTE)
    assert runs_of(deps, task)[0].put_off_until is None


def test_a_pause_of_all_outlives_a_restart(deps, restarted):
    (task,) = minutely(deps)
    pause_workspace(deps)
    minutes_pass(restarted, 1)
    resume_workspace(restarted, NO_TIME)
    assert outcomes(deps, task) == ["started"]


def test_a_task_whose_schedule_cannot_be_read_any_more_does_not_hold_up_the_others(deps):
    broken, sound = minutely(deps, 2)
    pause_workspace(deps)
    minutes_pass(deps, 1)
    with deps.database.write() as session:
        session.get_one(Task, broken.id).timezone = "Atlantis/Capital"
    deps.clock.advance(minutes=1)
    resume_workspace(deps, NO_TIME)
    enqueue_all(deps)
    assert (outcomes(deps, broken), reread(deps, broken).status) == (["started"], "failed")
    assert outcomes(deps, sound) == ["paused", "started"]


def test_a_task_resumed_while_its_workspace_is_paused_keeps_the_ticks_of_a_plan_that_has_ended(deps):
    (task,) = minutely(deps, ends_at=NOON + 2 * MINUTE)
    pause(deps, task)
    pause_workspace(deps)
    minutes_pass(deps, 4)
    resume(deps, task)
    assert (outcomes(deps, task), reread(deps, task).active) == (["paused", "paused"], True)
    resume_workspace(deps, NO_TIME)
    assert outcomes(deps, task) == ["paused", "started"]


def test_a_run_that_ends_meanwhile_ends_no_task_whose_last_ticks_are_still_asked_about(deps):
    (task,) = minutely(deps, ends_at=NOON + 3 * MINUTE)
    minutes_pass(deps, 1)
    run = begin(deps, runs_of(deps, task)[0])
    pause_workspace(deps)
    minutes_pass(deps, 3)
    end(deps, run)
    assert reread(deps, task).active
    resume_workspace(deps, NO_TIME)
    assert outcomes(deps, task) == ["started", "paused", "started"]
    end(deps, begin(deps, runs_of(deps, task)[-1]))
    assert not reread(deps, task).active


def test_a_backfill_waits_for_the_end_of_the_pause_and_hides_no_tick_from_it(deps):
    (task,) = minutely(deps, missed="all")
    pause_workspace(deps)
    minutes_pass(deps, 4)
    with pytest.raises(Conflict, match="workspace is paused"):
        fill(deps, task, NOON + 4 * MINUTE - MINUTE / 2, NOON + 4 * MINUTE)
    resume_workspace(deps, NO_TIME)
    assert outcomes(deps, task) == ["started"] * 4
