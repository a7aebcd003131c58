"""The time-outs the server keeps: start, queue, and the patience of a kill. None fires before its time."""

from datetime import timedelta

import pytest
from macropod_server.domain.run import Reason
from macropod_server.flows.end_waits import end_waits
from macropod_server.flows.finish_run import Ending, finish_run
from macropod_server.flows.hand_spec import Asking, hand_spec
from macropod_server.flows.pause_all import pause_all, resume_all
from macropod_server.flows.pause_task import pause_task, resume_task
from macropod_server.flows.start_run import start_runs
from macropod_server.flows.stop_run import kill_run, kill_task, stop_runs
from macropod_server.flows.watch_run import watch_silent

from tests.builders import WORKSPACE, all_rows, make_deps, make_task, reread, runs_of, upload_with_requirements


def look(deps):
    """What the loops do now and then."""
    end_waits(deps)
    watch_silent(deps)
    stop_runs(deps)


def let_pass(deps, seconds):
    look(deps)
    deps.clock.advance(seconds=seconds)
    look(deps)


@pytest.fixture
def starting(deps):
    """A run whose container runs and whose runner does not call."""

    def make(**wish):
        task = make_task(deps, **wish)
        start_runs(deps)
        (run,) = runs_of(deps, task)
        deps.spawner.begin(run.id)
        return run

    return make


@pytest.fixture
def full(tmp_path, database_url):
    """A server at its limit of runs at once."""
    deps = make_deps(tmp_path, database_url=database_url, max_runs=1)
    make_task(deps, name="in the way")
    start_runs(deps)
    yield deps
    deps.logs.close()
    deps.database.close()


def test_a_task_says_how_long_its_start_may_take(deps, starting):
    run = starting(start_timeout_seconds=20)
    let_pass(deps, 20)
    assert reread(deps, run).status == "starting"
    let_pass(deps, 1)
    given_up = reread(deps, run)
    assert (given_up.status, given_up.reason) == ("failure", "start_timeout")
    assert given_up.message == "The container did not report for 20 s after it was started, so it was given up."


def test_a_run_put_back_has_the_time_its_task_gives(deps):
    task = make_task(deps, start_timeout_seconds=20)
    deps.spawner.become_unavailable()
    for _ in range(4):
        start_runs(deps)
        assert runs_of(deps, task)[0].status == "queued"
        deps.clock.advance(seconds=6)
    start_runs(deps)
    assert runs_of(deps, task)[0].reason == "spawner_unavailable"


def test_a_queued_run_is_given_up_when_it_has_waited_for_its_limit(full):
    task = make_task(full, queue_timeout_seconds=60)
    let_pass(full, 60)
    assert runs_of(full, task)[0].status == "queued"
    let_pass(full, 1)
    (run,) = runs_of(full, task)
    assert (run.status, run.reason) == ("timed_out", "queue_timeout")
    assert run.message == "The run waited in the queue for its limit of 60 s and was not started."
    assert run.removed_at is not None
    assert not reread(full, task).active


def test_waiting_for_packaging_is_waiting_in_the_queue(deps):
    task = make_task(deps, upload_with_requirements(deps), queue_timeout_seconds=60)
    let_pass(deps, 61)
    assert runs_of(deps, task)[0].reason == "queue_timeout"


def test_a_run_without_a_limit_waits_for_ever(full):
    task = make_task(full)
    let_pass(full, 10**6)
    assert runs_of(full, task)[0].status == "queued"


def test_a_run_that_came_too_late_is_not_tried_again(full):
    task = make_task(full, queue_timeout_seconds=60, retries=3)
    let_pass(full, 61)
    assert [run.reason for run in runs_of(full, task)] == ["queue_timeout"]


def test_the_time_before_an_attempt_is_not_waiting(deps):
    task = make_task(deps, retries=1, retry_delay_seconds=600, queue_timeout_seconds=60)
    start_runs(deps)
    finish_run(deps, runs_of(deps, task)[0].id, Ending(Reason.EXIT_CODE), now=deps.clock())
    let_pass(deps, 599)
    let_pass(deps, 130)
    attempt = runs_of(deps, task)[-1]
    assert attempt.status == "queued"
    let_pass(deps, 61)
    assert reread(deps, attempt).reason == "queue_timeout"


@pytest.mark.parametrize("whose", ["task", "workspace"])
def test_the_time_in_a_pause_is_not_waiting(full, whose):
    task = make_task(full, queue_timeout_seconds=60)
    let_pass(full, 50)
    facts = {"workspace_id": WORKSPACE, "requested_by": "me", "now": full.clock()}
    if whose == "task":
        pause_task(full, task.id, reason=None, **facts)
    else:
        pause_all(full, reason=None, **facts)
    let_pass(full, 3600)
    facts["now"] = full.clock()
    if whose == "task":
        resume_task(full, task.id, **facts)
    else:
        resume_all(full, spread=timedelta(0), **facts)
    let_pass(full, 60)
    assert runs_of(full, task)[0].status == "queued"
    let_pass(full, 1)
    assert runs_of(full, task)[0].reason == "queue_timeout"


def test_a_kill_waits_for_the_grace_of_the_task(deps):
    task = make_task(deps, grace_seconds=100)
    start_runs(deps)
    (run,) = runs_of(deps, task)
    assert hand_spec(deps, run.id, now=deps.clock()).grace_seconds == 100
    deps.spawner.begin(run.id)
    kill_task(deps, task.id, workspace_id=WORKSPACE, now=deps.clock(), requested_by="me")
    let_pass(deps, 105)
    assert reread(deps, run).status == "running"
    let_pass(deps, 1)
    stopped = reread(deps, run)
    assert (stopped.status, stopped.stop_requested_by, stopped.stop_reason) == ("killed", "me", "kill_requested")


def test_a_grace_of_nothing_is_a_grace(deps):
    task = make_task(deps, grace_seconds=0)
    start_runs(deps)
    (run,) = runs_of(deps, task)
    assert hand_spec(deps, run.id, now=deps.clock()).grace_seconds == 0


@pytest.mark.parametrize("jump", [{"hours": 2}, {"days": 1}, {"hours": -1}])
def test_no_time_out_fires_because_the_clock_jumped(deps, starting, jump):
    waiting = make_task(deps, upload_with_requirements(deps), queue_timeout_seconds=60)
    run = starting()
    running = make_task(deps)
    start_runs(deps)
    (stopping,) = runs_of(deps, running)
    hand_spec(deps, stopping.id, now=deps.clock())
    deps.spawner.begin(stopping.id)
    kill_run(deps, stopping.id, workspace_id=WORKSPACE, now=deps.clock())
    look(deps)
    deps.clock.jump(**jump)
    look(deps)
    deps.clock.advance(seconds=10)
    look(deps)
    assert runs_of(deps, waiting)[0].status == "queued"
    assert (reread(deps, run).status, reread(deps, stopping).status) == ("starting", "running")


def test_a_jump_does_not_keep_a_time_out_from_firing(deps, starting):
    run = starting(start_timeout_seconds=20)
    look(deps)
    deps.clock.jump(hours=-1)
    let_pass(deps, 21)
    deps.clock.jump(hours=2)
    look(deps)
    assert reread(deps, run).reason == "start_timeout"


def test_after_a_restart_a_time_out_begins_anew(deps, starting, restarted):
    run = starting(start_timeout_seconds=20)
    let_pass(deps, 19)
    let_pass(restarted, 19)
    assert reread(restarted, run).status == "starting"
    let_pass(restarted, 2)
    assert reread(restarted, run).reason == "start_timeout"


def test_what_is_over_is_forgotten(deps, starting):
    run = starting()
    look(deps)
    finish_run(deps, run.id, Ending(Reason.COMPLETED), now=deps.clock())
    look(deps)
    assert not any(deps.stopwatch._seen_first.values())


def test_the_runner_is_told_what_it_keeps_itself(deps):
    task = make_task(deps, silence_timeout_seconds=30, timeout_seconds=60, debug=True)
    start_runs(deps)
    spec = hand_spec(deps, runs_of(deps, task)[0].id, now=deps.clock(), runner=Asking("9.9"))
    assert (spec.silence_timeout_seconds, spec.timeout_seconds, spec.debug, spec.grace_seconds) == (30, 60, True, 10)
    assert [run.runner_version for run in all_rows(deps, type(spec.run))] == ["9.9"]
