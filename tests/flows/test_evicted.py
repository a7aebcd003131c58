"""A runner that was told to stop by whoever runs the machine: its own end, unless somebody had asked for a stop."""

from macropod_server.domain.run import Reason
from macropod_server.flows.finish_run import Ending, finish_run
from macropod_server.flows.hand_spec import hand_spec
from macropod_server.flows.receive_end import receive_end
from macropod_server.flows.start_run import start_runs
from macropod_server.flows.stop_run import kill_task
from macropod_server.spawners.base import Trouble

from tests.builders import WORKSPACE, make_task, reread, runs_of

PREEMPTED = Trouble(Reason.PREEMPTED, "It made room for another.")
EVICTED = Ending(Reason.EVICTED, "The container was told to stop.", exit_code=1)


def running(deps, task):
    start_runs(deps)
    (run,) = runs_of(deps, task)
    hand_spec(deps, run.id, now=deps.clock())
    return run


def test_a_run_that_nobody_asked_to_stop_was_evicted(deps):
    run = running(deps, make_task(deps))
    finish_run(deps, run.id, EVICTED, now=deps.clock())
    ended = reread(deps, run)
    assert (ended.status, ended.reason, ended.message) == ("failure", "evicted", EVICTED.message)


def test_a_run_that_was_to_be_killed_was_killed(deps):
    task = make_task(deps)
    run = running(deps, task)
    kill_task(deps, task.id, workspace_id=WORKSPACE, now=deps.clock())
    finish_run(deps, run.id, EVICTED, now=deps.clock())
    ended = reread(deps, run)
    assert (ended.status, ended.reason, ended.exit_code) == ("killed", "kill_requested", 1)
    assert ended.message == "The run was stopped because somebody asked for it."


def test_who_had_it_stopped_is_asked_of_its_spawner(deps):
    run = running(deps, make_task(deps))
    deps.spawner.interfere(run.id, PREEMPTED)
    receive_end(deps, run.id, EVICTED, now=deps.clock())
    ended = reread(deps, run)
    assert (ended.reason, ended.message, ended.exit_code) == ("preempted", PREEMPTED.message, 1)


def test_a_spawner_that_knows_nothing_or_is_away_leaves_the_runner_its_word(deps):
    one, other = running(deps, make_task(deps)), running(deps, make_task(deps))
    receive_end(deps, one.id, EVICTED, now=deps.clock())
    deps.spawner.become_unavailable()
    receive_end(deps, other.id, EVICTED, now=deps.clock())
    assert [reread(deps, each).message for each in (one, other)] == [EVICTED.message] * 2


def test_what_ended_by_itself_is_not_laid_to_anybody(deps):
    run = running(deps, make_task(deps))
    deps.spawner.interfere(run.id, PREEMPTED)
    receive_end(deps, run.id, Ending(Reason.COMPLETED, exit_code=0), now=deps.clock())
    assert reread(deps, run).reason == "completed"
