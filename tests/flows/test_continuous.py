"""Tasks that run continuously: one run at a time, and another one after each."""

from datetime import timedelta

import pytest
from macropod_server.db.tables import Run
from macropod_server.domain.errors import Conflict, Invalid
from macropod_server.domain.run import ACTIVE, Reason, is_final
from macropod_server.domain.task import TaskKind
from macropod_server.flows.clean_up import clean_up
from macropod_server.flows.continue_task import note_settled
from macropod_server.flows.finish_run import Ending, finish_run
from macropod_server.flows.hand_spec import hand_spec
from macropod_server.flows.pause_task import pause_task, resume_task
from macropod_server.flows.rerun import rerun
from macropod_server.flows.start_run import start_runs
from macropod_server.flows.stop_run import kill_run, kill_task

from tests.builders import WORKSPACE, all_rows, make_task, reread, runs_of, upload_with_requirements

WELL = Ending(Reason.COMPLETED)
FAILED = Ending(Reason.EXIT_CODE, exit_code=1)


@pytest.fixture
def task(deps):
    return make_task(deps, kind=TaskKind.RUN_CONTINUOUSLY)


def newest(deps, task):
    return runs_of(deps, task)[-1]


def begin(deps, task):
    run = newest(deps, task)
    deps.clock.now = max(deps.clock.now, run.put_off_until or deps.clock.now)
    clean_up(deps)
    start_runs(deps)
    hand_spec(deps, run.id, now=deps.clock())
    return run


def live(deps, task, seconds, ending=WELL):
    """One run from its start to its end; how long the next one waits, in seconds."""
    run = begin(deps, task)
    deps.clock.advance(seconds=seconds)
    finish_run(deps, run.id, ending, now=deps.clock())
    return (newest(deps, task).put_off_until - deps.clock()).total_seconds()


def test_it_runs_at_once_and_again_after_each_end(deps, task):
    assert (newest(deps, task).cause, newest(deps, task).status) == ("ordered", "queued")
    assert live(deps, task, 3600) == 0
    following = newest(deps, task)
    assert (following.cause, following.status, following.attempt) == ("continued", "queued", 1)
    assert reread(deps, task).last_run_id == following.id
    assert reread(deps, task).active


@pytest.mark.parametrize("reason", [Reason.EXIT_CODE, Reason.TIME_LIMIT, Reason.VANISHED, Reason.COULD_NOT_START])
def test_whatever_ends_it_it_runs_again_once(deps, task, reason):
    live(deps, task, 30, Ending(reason))
    assert [is_final(run.status) for run in runs_of(deps, task)] == [True, False]


def test_the_pause_grows_with_quick_failures(deps, task):
    assert [live(deps, task, 5, FAILED) for _ in range(4)] == [1, 2, 4, 8]
    assert live(deps, task, 60, FAILED) == 0


def test_the_next_run_waits_until_the_container_before_it_is_gone(deps, task):
    live(deps, task, 3600)
    start_runs(deps)
    assert newest(deps, task).status == "queued"
    clean_up(deps)
    start_runs(deps)
    assert newest(deps, task).status == "starting"


def test_never_two_runs_at_once(deps, task):
    for seconds in (0, 1, 700, 20):
        live(deps, task, seconds)
        start_runs(deps)
        assert sum(run.status in ACTIVE for run in all_rows(deps, Run)) <= 1
        assert sum(not is_final(run.status) for run in all_rows(deps, Run)) == 1


def test_five_quick_failures_are_a_crash_loop_until_a_run_has_lasted_ten_minutes(deps, task):
    for count in range(1, 6):
        live(deps, task, 1, FAILED)
        assert reread(deps, task).health == ("crash_loop" if count == 5 else "healthy")
    begin(deps, task)
    deps.clock.advance(seconds=599)
    note_settled(deps)
    assert reread(deps, task).health == "crash_loop"
    deps.clock.advance(seconds=1)
    note_settled(deps)
    assert (reread(deps, task).health, newest(deps, task).status) == ("healthy", "running")


def test_a_run_that_ends_after_ten_minutes_ends_the_crash_loop_too(deps, task):
    for _ in range(5):
        live(deps, task, 1, FAILED)
    live(deps, task, 600, FAILED)
    assert reread(deps, task).health == "healthy"


def test_a_kill_ends_it_for_good(deps, task):
    run = begin(deps, task)
    kill_task(deps, task.id, workspace_id=WORKSPACE, now=deps.clock())
    finish_run(deps, run.id, Ending(Reason.KILL_REQUESTED), now=deps.clock())
    assert [run.status for run in runs_of(deps, task)] == ["killed"]
    assert reread(deps, task).status == "killed"


def test_a_kill_while_it_waits_for_its_next_run_ends_it_for_good(deps, task):
    live(deps, task, 1, FAILED)
    kill_task(deps, task.id, workspace_id=WORKSPACE, now=deps.clock())
    assert [run.status for run in runs_of(deps, task)] == ["failure", "killed"]


@pytest.mark.parametrize("is_running", [True, False])
def test_when_one_run_is_killed_the_task_goes_on(deps, task, is_running):
    run = begin(deps, task) if is_running else newest(deps, task)
    kill_run(deps, run.id, workspace_id=WORKSPACE, now=deps.clock())
    if is_running:
        finish_run(deps, run.id, Ending(Reason.KILL_REQUESTED), now=deps.clock())
    assert [run.status for run in runs_of(deps, task)] == ["killed", "queued"]
    assert reread(deps, task).health == "healthy"


def test_a_paused_one_is_continued_when_it_is_resumed(deps, task):
    run = begin(deps, task)
    pause_task(deps, task.id, workspace_id=WORKSPACE, reason=None, requested_by=None, now=deps.clock())
    deps.clock.advance(seconds=1)
    finish_run(deps, run.id, FAILED, now=deps.clock())
    clean_up(deps)
    deps.clock.advance(hours=1)
    start_runs(deps)
    assert newest(deps, task).status == "queued"
    resume_task(deps, task.id, workspace_id=WORKSPACE, requested_by=None, now=deps.clock())
    start_runs(deps)
    assert newest(deps, task).status == "starting"


def test_it_waits_for_its_packaging_and_fails_with_it(deps):
    orchestration = upload_with_requirements(deps)
    task = make_task(deps, orchestration, kind=TaskKind.RUN_CONTINUOUSLY)
    start_runs(deps)
    finish_run(deps, orchestration.packaging_run_id, Ending(Reason.PACKAGING_FAILED), now=deps.clock())
    assert [run.status for run in runs_of(deps, task)] == ["failure"]
    assert (reread(deps, task).status, reread(deps, task).active) == ("failed", False)


def test_a_restarted_server_goes_on_with_it(deps, task, restarted):
    live(deps, task, 3600)
    clean_up(restarted)
    start_runs(restarted)
    assert newest(restarted, task).status == "starting"


@pytest.mark.parametrize(
    ("field", "value"), [("schedule", "@daily"), ("timezone", "UTC"), ("every_seconds", 60), ("jitter_seconds", 5)]
)
def test_it_has_no_schedule(deps, field, value):
    with pytest.raises(Invalid) as refusal:
        make_task(deps, **{field: value}, kind=TaskKind.RUN_CONTINUOUSLY)
    assert refusal.value.problems[0].where == field


def test_none_of_its_runs_is_run_once_more(deps, task):
    run = begin(deps, task)
    deps.clock.now += timedelta(seconds=30)
    finish_run(deps, run.id, WELL, now=deps.clock())
    with pytest.raises(Conflict, match="runs continuously"):
        rerun(deps, run.id, workspace_id=WORKSPACE, idempotency_key=None, requested_by="me", now=deps.clock())
