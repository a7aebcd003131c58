"""A runner that was told to stop by whoever runs the machine: its own end, unless somebody had asked for a stop."""

from macropod_server.domain.run import Reason
from macropod_server.flows.finish_run import Ending, finish_run
from macropod_server.flows.hand_spec import hand_spec
from macropod_server.flows.start_run import start_runs
from macropod_server.flows.stop_run import kill_task

from tests.builders import WORKSPACE, make_task, reread, runs_of

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
