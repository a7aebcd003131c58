"""Kill: acknowledged at once, carried out whatever the runner does, harmless to repeat."""

from datetime import timedelta

import pytest
from macropod_server.db import runs
from macropod_server.db.tables import Event, Run, RunEvent
from macropod_server.domain.errors import Conflict, NotFound
from macropod_server.domain.naming import new_id
from macropod_server.domain.run import Reason
from macropod_server.flows.finish_run import Ending, finish_run
from macropod_server.flows.hand_spec import hand_spec
from macropod_server.flows.start_run import start_runs
from macropod_server.flows.stop_run import kill_task, stop_runs
from macropod_server.loops import Engine
from macropod_server.spawners.base import Gone

from tests.builders import (
    NOON,
    WORKSPACE,
    all_rows,
    make_task,
    orchestration_of,
    reread,
    runs_of,
    upload_with_requirements,
)
from tests.statements import counted

FAILED = ("failure", "packaging_failed")


def kill(deps, task):
    return kill_task(deps, task.id, workspace_id=WORKSPACE, now=deps.clock())


def a_running_task(deps, **wish):
    task = make_task(deps, **wish)
    start_runs(deps)
    (run,) = runs_of(deps, task)
    hand_spec(deps, run.id, now=deps.clock())
    return task, run


def test_a_kill_is_answered_at_once_and_done_when_the_run_has_ended(deps):
    task, run = a_running_task(deps)
    assert kill(deps, task).status == "pending_kill"
    assert not stop_runs(deps)
    finish_run(deps, run.id, Ending(Reason.KILL_REQUESTED), now=deps.clock())
    assert (reread(deps, task).status, reread(deps, task).last_run_status) == ("killed", "killed")


def test_a_run_that_ends_by_itself_meanwhile_keeps_its_own_end(deps):
    task, run = a_running_task(deps)
    kill(deps, task)
    finish_run(deps, run.id, Ending(Reason.COMPLETED), now=deps.clock())
    assert (reread(deps, task).status, reread(deps, run).status) == ("killed", "success")


def test_a_queued_run_never_starts(deps):
    task = make_task(deps)
    kill(deps, task)
    assert not start_runs(deps)
    (run,) = runs_of(deps, task)
    assert (run.status, run.reason) == ("killed", "kill_requested")
    stop_runs(deps)
    assert reread(deps, task).status == "killed"


def wait_in_line(deps, task, count):
    waiting = [Run.of_task(task, id=new_id(), now=deps.clock()) for _ in range(count)]
    with deps.database.write() as session:
        runs.add(session, waiting)


def fail_packaging(deps, task):
    packaging = orchestration_of(deps, runs_of(deps, task)[0]).packaging_run_id
    finish_run(deps, packaging, Ending(Reason.PACKAGING_FAILED, "No such package."), now=deps.clock())


@pytest.mark.parametrize(("end_all", "how"), [(kill, ("killed", "kill_requested")), (fail_packaging, FAILED)])
def test_all_that_wait_end_together_and_many_cost_no_more_than_few(deps, end_all, how):
    few, many = (make_task(deps, upload_with_requirements(deps)) for _ in range(2))
    wait_in_line(deps, few, 3)
    wait_in_line(deps, many, 30)
    costs = []
    for task in (few, many):
        with counted(deps) as asked:
            end_all(deps, task)
        costs.append(len(asked))
    ended = runs_of(deps, many)
    assert costs[0] == costs[1]
    assert {(run.status, run.reason, run.ended_at, run.removed_at) for run in ended} == {(*how, NOON, NOON)}
    assert reread(deps, many).last_run_status == how[0]
    assert not reread(deps, many).active
    of_many = {run.id for run in ended}
    assert len(of_many & {move.run_id for move in all_rows(deps, RunEvent) if move.from_status == "queued"}) == 31
    assert len(of_many & {event.run_id for event in all_rows(deps, Event)}) == 31


def test_a_run_that_was_just_starting_does_not_begin(deps):
    task = make_task(deps)
    start_runs(deps)
    (run,) = runs_of(deps, task)
    kill(deps, task)
    with pytest.raises(Conflict):
        hand_spec(deps, run.id, now=deps.clock())
    assert (reread(deps, run).status, reread(deps, task).status) == ("killed", "killed")


def test_a_schedule_without_a_run_is_killed_soon(deps):
    task = make_task(deps, schedule="@daily")
    kill(deps, task)
    assert reread(deps, task).next_due_at is None
    stop_runs(deps)
    assert reread(deps, task).status == "killed"


def test_a_runner_that_does_not_stop_loses_its_container(deps):
    task, run = a_running_task(deps)
    kill(deps, task)
    stop_runs(deps)
    deps.clock.now += timedelta(seconds=deps.settings.grace_seconds + 4)
    stop_runs(deps)
    assert reread(deps, run).status == "running"
    deps.clock.advance(seconds=2)
    stop_runs(deps)
    assert deps.spawner.inspect(run.id) == Gone()
    assert (reread(deps, run).status, reread(deps, task).status) == ("killed", "killed")


@pytest.mark.parametrize(("heard", "grace_seconds"), [(False, 30), (True, 0)])
def test_main_py_has_its_grace_also_where_its_runner_could_not_hear_of_the_stop(deps, heard, grace_seconds):
    """The server, or its database, may be away right after the kill was answered."""
    task, run = a_running_task(deps, grace_seconds=30)
    kill(deps, task)
    stop_runs(deps)
    if heard:
        deps.clock.advance(seconds=1)
        with deps.database.write() as session:
            runs.note(session, run.id, contact_at=deps.clock())
    deps.clock.advance(minutes=1)
    stop_runs(deps)
    assert deps.spawner.graces[run.id] == timedelta(seconds=grace_seconds)
    assert reread(deps, run).status == "killed"


def test_a_runner_that_could_not_hear_of_its_stop_has_its_whole_time_after_a_restart(deps, restarted):
    task, run = a_running_task(deps)
    kill(deps, task)
    deps.spawner.begin(run.id)
    deps.clock.advance(hours=1)
    engine = Engine(restarted, loops=())
    engine.start()
    engine.stop()
    stop_runs(restarted)
    assert reread(restarted, run).status == "running"
    deps.clock.advance(seconds=deps.settings.grace_seconds + 6)
    stop_runs(restarted)
    assert reread(restarted, run).status == "killed"


def test_killing_again_changes_nothing(deps):
    task = make_task(deps, schedule="@daily")
    kill(deps, task)
    stop_runs(deps)
    before = reread(deps, task)
    deps.clock.advance(minutes=1)
    assert kill(deps, task) == before


def test_a_task_of_another_workspace_cannot_be_killed(deps):
    task = make_task(deps)
    with pytest.raises(NotFound):
        kill_task(deps, task.id, workspace_id=2, now=deps.clock())
