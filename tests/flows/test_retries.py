"""Attempts: each a run of its own, made with the end of the one before."""

from datetime import timedelta

import pytest
from macropod_server.db.tables import Event, Orchestration, Tick
from macropod_server.domain.errors import Invalid
from macropod_server.domain.run import Reason
from macropod_server.domain.task import TaskKind
from macropod_server.flows.clean_up import clean_up
from macropod_server.flows.enqueue_due import enqueue_due
from macropod_server.flows.finish_run import Ending, finish_run
from macropod_server.flows.hand_spec import hand_spec
from macropod_server.flows.pause_task import pause_task, resume_task
from macropod_server.flows.start_run import start_runs
from macropod_server.flows.stop_run import kill_run, kill_task
from macropod_server.flows.watch_run import watch_silent
from macropod_server.spawners.base import CouldNotStart, ImageNotFound

from tests.builders import WORKSPACE, all_rows, make_task, reread, runs_of, upload_with_requirements

FAILED = Ending(Reason.EXIT_CODE, "main.py ended with exit code 3.", exit_code=3)


def begin(deps, run):
    start_runs(deps)
    hand_spec(deps, run.id, now=deps.clock())


def end(deps, run, ending=FAILED):
    assert finish_run(deps, run.id, ending, now=deps.clock())


def newest(deps, task):
    return runs_of(deps, task)[-1]


def wait_for_turn(deps, run):
    deps.clock.now = max(deps.clock.now, reread(deps, run).put_off_until)


def fail_once(deps, task):
    """The newest attempt has its turn and fails."""
    run = newest(deps, task)
    if run.put_off_until:
        wait_for_turn(deps, run)
    begin(deps, run)
    deps.clock.advance(seconds=1)
    end(deps, run)
    return reread(deps, run)


def test_a_failed_run_is_tried_again_as_a_run_of_its_own(deps):
    task = make_task(deps, retries=1, retry_delay_seconds=100)
    first = fail_once(deps, task)
    second = newest(deps, task)
    assert (second.status, second.cause, second.attempt, second.first_run_id) == ("queued", "retry", 2, first.id)
    assert timedelta(seconds=100) <= second.put_off_until - deps.clock() <= timedelta(seconds=120)
    assert not start_runs(deps)
    assert newest(deps, task).status == "queued"
    fail_once(deps, task)
    assert [run.status for run in runs_of(deps, task)] == ["failure", "failure"]


def test_between_two_attempts_nothing_looks_finished(deps):
    task = make_task(deps, retries=1)
    fail_once(deps, task)
    shown = reread(deps, task)
    assert (shown.active, shown.last_run_id, shown.last_run_status) == (True, newest(deps, task).id, "queued")
    fail_once(deps, task)
    assert (reread(deps, task).active, reread(deps, task).last_run_status) == (False, "failure")


def test_a_success_is_the_end_of_all_attempts(deps):
    task = make_task(deps, retries=5, retry_delay_seconds=0)
    fail_once(deps, task)
    begin(deps, newest(deps, task))
    end(deps, newest(deps, task), Ending(Reason.COMPLETED))
    assert [run.status for run in runs_of(deps, task)] == ["failure", "success"]
    assert not reread(deps, task).active


def test_only_what_the_task_names_is_retried(deps):
    task = make_task(deps, retries=5, retry_on=["timed_out", 75])
    fail_once(deps, task)
    assert len(runs_of(deps, task)) == 1


def test_an_attempt_belongs_to_the_same_tick(deps):
    task = make_task(deps, schedule="0 13 * * *", retries=1)
    deps.clock.advance(hours=1)
    enqueue_due(deps)
    first = fail_once(deps, task)
    assert newest(deps, task).due_at == first.due_at
    assert [(tick.outcome, tick.run_id) for tick in all_rows(deps, Tick)] == [("started", first.id)]


def test_the_last_run_of_a_task_is_not_the_retry_of_an_earlier_one(deps):
    task = make_task(deps, schedule="* * * * *", retries=1)
    for _ in range(2):
        deps.clock.advance(minutes=1)
        enqueue_due(deps)
    earlier, later = runs_of(deps, task)
    begin(deps, earlier)
    end(deps, earlier)
    assert reread(deps, task).last_run_id == later.id


@pytest.mark.parametrize("kill", [kill_run, kill_task])
def test_a_killed_run_is_not_tried_again(deps, kill):
    task = make_task(deps, retries=3)
    begin(deps, newest(deps, task))
    run = newest(deps, task)
    kill(deps, run.id if kill is kill_run else task.id, workspace_id=WORKSPACE, now=deps.clock())
    end(deps, run, Ending(Reason.KILL_REQUESTED))
    assert len(runs_of(deps, task)) == 1


def test_a_run_that_fails_while_its_task_is_killed_is_not_tried_again(deps):
    task = make_task(deps, retries=3)
    begin(deps, newest(deps, task))
    kill_task(deps, task.id, workspace_id=WORKSPACE, now=deps.clock())
    end(deps, newest(deps, task))
    assert len(runs_of(deps, task)) == 1
    assert reread(deps, task).status == "killed"


def test_an_attempt_of_a_paused_task_waits(deps):
    task = make_task(deps, retries=1, retry_delay_seconds=0)
    begin(deps, newest(deps, task))
    pause_task(deps, task.id, workspace_id=WORKSPACE, reason=None, requested_by=None, now=deps.clock())
    end(deps, newest(deps, task))
    start_runs(deps)
    assert newest(deps, task).status == "queued"
    resume_task(deps, task.id, workspace_id=WORKSPACE, requested_by=None, now=deps.clock())
    start_runs(deps)
    assert newest(deps, task).status == "starting"


def test_a_run_that_never_came_to_main_is_tried_three_times_more_by_itself(deps):
    deps.spawner.refuse(CouldNotStart("No room."))
    task = make_task(deps)
    waits = []
    for _ in range(4):
        start_runs(deps)
        if newest(deps, task).status == "queued":
            waits.append((newest(deps, task).put_off_until - deps.clock()).total_seconds())
            wait_for_turn(deps, newest(deps, task))
    assert waits == [5, 10, 20]
    assert [run.reason for run in runs_of(deps, task)] == ["could_not_start"] * 4
    assert not reread(deps, task).active


def test_an_image_that_is_not_there_is_not_waited_for(deps):
    deps.spawner.refuse(ImageNotFound("There is no image x."))
    task = make_task(deps, retries=3)
    start_runs(deps)
    assert [run.reason for run in runs_of(deps, task)] == ["image_not_found"]


@pytest.mark.parametrize(("has_begun", "attempts"), [(False, 2), (True, 1)])
def test_a_lost_container_is_made_anew_only_if_main_had_not_begun(deps, has_begun, attempts):
    task = make_task(deps)
    start_runs(deps)
    run = newest(deps, task)
    if has_begun:
        hand_spec(deps, run.id, now=deps.clock())
    deps.clock.advance(minutes=1)
    deps.spawner.finish(run.id, 137)
    watch_silent(deps)
    assert len(runs_of(deps, task)) == attempts


def test_packaging_that_lost_its_container_begins_anew_and_is_not_over_meanwhile(deps):
    orchestration = upload_with_requirements(deps)
    task = make_task(deps, orchestration)
    for attempt in (1, 2, 3, 4):
        packaging = reread(deps, orchestration).packaging_run_id
        start_runs(deps)
        hand_spec(deps, packaging, now=deps.clock())
        assert reread(deps, orchestration).status == "packaging"
        finish_run(deps, packaging, Ending(Reason.VANISHED), now=deps.clock())
        clean_up(deps)
        is_over = attempt == 4
        assert (reread(deps, orchestration).packaging_run_id == packaging) == is_over
        assert (newest(deps, task).status == "failure") == is_over
        deps.clock.advance(minutes=1)
    assert reread(deps, orchestration).status == "error"


def test_a_second_packaging_run_makes_the_orchestration_ready(deps):
    orchestration = upload_with_requirements(deps)
    first = orchestration.packaging_run_id
    start_runs(deps)
    hand_spec(deps, first, now=deps.clock())
    finish_run(deps, first, Ending(Reason.RUNNER_DIED), now=deps.clock())
    deps.clock.advance(seconds=5)
    start_runs(deps)
    (row,) = all_rows(deps, Orchestration)
    hand_spec(deps, row.packaging_run_id, now=deps.clock())
    finish_run(deps, row.packaging_run_id, Ending(Reason.COMPLETED), now=deps.clock())
    assert reread(deps, orchestration).status == "ready"


def test_requirements_that_cannot_be_installed_are_not_tried_again(deps):
    orchestration = upload_with_requirements(deps)
    start_runs(deps)
    finish_run(deps, orchestration.packaging_run_id, Ending(Reason.PACKAGING_FAILED, "sixx"), now=deps.clock())
    assert reread(deps, orchestration).status == "error"


def test_every_end_is_told_once(deps):
    task = make_task(deps, retries=1, retry_delay_seconds=0)
    fail_once(deps, task)
    kill_task(deps, task.id, workspace_id=WORKSPACE, now=deps.clock())
    told = [(event.run_id, event.facts["status"], event.facts["attempt"]) for event in all_rows(deps, Event)]
    first, second = runs_of(deps, task)
    assert told == [(first.id, "failure", 1), (second.id, "killed", 2)]


@pytest.mark.parametrize(
    ("spoil", "where"),
    [
        ({"retry_on": ["sometimes"]}, "retry_on"),
        ({"kind": TaskKind.RUN_CONTINUOUSLY, "retries": 1}, "retries"),
    ],
)
def test_a_wish_for_retries_that_means_nothing_is_refused(deps, spoil, where):
    with pytest.raises(Invalid) as refusal:
        make_task(deps, **spoil)
    assert refusal.value.problems[0].where == where
