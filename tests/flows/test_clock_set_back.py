"""The wall clock is set back: what was noted before lies ahead then, and nothing waits until that time comes."""

from datetime import timedelta

import pytest
from macropod_server.domain.run import Reason
from macropod_server.domain.task import TaskKind
from macropod_server.flows.clean_up import clean_up
from macropod_server.flows.start_run import start_runs
from macropod_server.flows.stop_run import kill_run, stop_runs
from macropod_server.flows.watch_run import watch, watch_silent
from macropod_server.spawners.base import Gone

from tests.builders import WORKSPACE, make_task, reread, runs_of
from tests.clockwork import begin, end, pause_workspace, resume_workspace, statuses


@pytest.fixture
def running(deps):
    task = make_task(deps)
    run = begin(deps, runs_of(deps, task)[0])
    deps.spawner.begin(run.id)
    return run


def test_a_container_that_vanishes_is_noticed_at_once(deps, running):
    deps.clock.jump(hours=-1)
    deps.spawner.vanish(running.id)
    watch_silent(deps)
    assert reread(deps, running).status == "lost"


@pytest.mark.parametrize("seconds", [-2, -3600])
def test_a_run_that_was_claimed_by_a_server_that_died_is_started(deps, restarted, seconds):
    task = make_task(deps)
    start_runs(deps)
    (run,) = runs_of(deps, task)
    deps.spawner.vanish(run.id)
    deps.clock.jump(seconds=seconds)
    watch(restarted, silence=timedelta(0))
    assert [order.run_id for order in deps.spawner.orders] == [run.id, run.id]


def test_a_runner_that_has_just_called_is_left_alone_by_a_server_whose_clock_is_behind(deps, running):
    deps.clock.jump(seconds=-2)
    deps.spawner.vanish(running.id)
    watch_silent(deps)
    assert reread(deps, running).status == "running"


def test_a_continuous_task_goes_on(deps):
    task = make_task(deps, kind=TaskKind.RUN_CONTINUOUSLY)
    end(deps, begin(deps, runs_of(deps, task)[0]), Reason.EXIT_CODE)
    deps.clock.jump(hours=-1)
    start_runs(deps)
    assert statuses(deps, task)[-1] == "starting"


def test_a_further_attempt_begins(deps):
    task = make_task(deps, retries=1, retry_delay_seconds=3600)
    end(deps, begin(deps, runs_of(deps, task)[0]), Reason.EXIT_CODE)
    deps.clock.advance(seconds=30)
    start_runs(deps)
    assert statuses(deps, task)[-1] == "queued"
    deps.clock.jump(days=-1)
    start_runs(deps)
    assert statuses(deps, task)[-1] == "starting"


def test_what_a_container_that_resisted_has_put_off_is_done(deps):
    task = make_task(deps)
    (run,) = runs_of(deps, task)
    deps.clock.advance(hours=2)
    deps.spawner.stuck = {run.id}
    start_runs(deps)
    assert reread(deps, run).status == "queued"
    deps.spawner.stuck.clear()
    deps.clock.jump(hours=-1)
    begin(deps, run)
    end(deps, run, gone=False)
    deps.clock.jump(hours=1)
    deps.spawner.stuck = {run.id}
    clean_up(deps)
    deps.spawner.stuck.clear()
    deps.clock.jump(hours=-1)
    clean_up(deps)
    assert (reread(deps, run).removed_at is None, deps.spawner.inspect(run.id)) == (False, Gone())


def test_a_kill_that_was_put_off_is_carried_out(deps, running):
    kill_run(deps, running.id, workspace_id=WORKSPACE, now=deps.clock())
    stop_runs(deps)
    deps.clock.advance(seconds=deps.settings.grace_seconds + 6)
    deps.spawner.stuck = {running.id}
    stop_runs(deps)
    deps.spawner.stuck.clear()
    deps.clock.jump(hours=-1)
    stop_runs(deps)
    assert reread(deps, running).status == "killed"


def test_a_resumed_workspace_keeps_to_its_spread_while_no_clock_is_moved(deps):
    made = [make_task(deps) for _ in range(2)]
    pause_workspace(deps)
    resume_workspace(deps, timedelta(hours=24))
    start_runs(deps)
    assert sorted(statuses(deps, task)[0] for task in made) == ["queued", "starting"]
