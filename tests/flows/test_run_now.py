"""A scheduled task is run by hand, beside its schedule."""

import pytest
from macropod_server.domain.errors import Conflict, NotFound
from macropod_server.domain.task import TaskKind
from macropod_server.flows.delete_orchestration import delete_orchestration
from macropod_server.flows.run_now import run_now
from macropod_server.flows.stop_run import kill_task, stop_runs

from tests.builders import NOON, WORKSPACE, make_task, reread, runs_of, upload
from tests.clockwork import away, begin, end, order, pause, ticks_of


def nightly(deps, **wish):
    return make_task(deps, **{"schedule": "0 2 * * *"} | wish)


def test_it_makes_a_run_and_no_tick(deps):
    task = nightly(deps)
    ordered = order(deps, task, by="laptop")
    (run,) = runs_of(deps, task)
    assert (ordered.run.id, ordered.is_new) == (run.id, True)
    assert (run.cause, run.requested_by, run.due_at, run.status) == ("ordered", "laptop", None, "queued")
    assert ticks_of(deps, task) == []
    after = reread(deps, task)
    assert (after.last_run_id, after.next_due_at) == (run.id, task.next_due_at)


def test_a_repeated_call_with_its_key_makes_one_run(deps):
    task = nightly(deps)
    first, again = order(deps, task, key="k"), order(deps, task, key="k")
    assert first.run.id == again.run.id
    with pytest.raises(Conflict, match="used before"):
        order(deps, nightly(deps), key="k")


@pytest.mark.parametrize(("kind", "advice"), [("run_once", "rerun"), ("run_continuously", "by itself")])
def test_other_kinds_are_refused_with_advice(deps, kind, advice):
    with pytest.raises(Conflict, match=advice):
        order(deps, make_task(deps, kind=TaskKind(kind)))


def test_a_task_that_is_killed_is_not_run(deps):
    task = nightly(deps)
    kill_task(deps, task.id, workspace_id=WORKSPACE, now=NOON)
    with pytest.raises(Conflict, match="pending_kill"):
        order(deps, task)
    stop_runs(deps)
    with pytest.raises(Conflict, match="killed"):
        order(deps, task)


def test_a_paused_task_is_to_be_resumed_first(deps):
    task = nightly(deps)
    pause(deps, task)
    with pytest.raises(Conflict, match="resume"):
        order(deps, task)


def test_a_task_of_another_workspace_is_not_there(deps):
    with pytest.raises(NotFound):
        run_now(deps, nightly(deps).id, workspace_id=2, idempotency_key=None, requested_by=None, now=NOON)


def test_a_task_whose_plan_has_ended_is_active_while_it_is_run_once_more(deps):
    task = nightly(deps, ends_at=NOON.replace(day=3))
    away(deps, days=2)
    assert not reread(deps, task).active
    run = order(deps, task).run
    assert reread(deps, task).active
    with pytest.raises(Conflict, match="is used by"):
        delete_orchestration(deps, task.orchestration_id, workspace_id=WORKSPACE, now=deps.clock())
    end(deps, begin(deps, run))
    assert not reread(deps, task).active


def test_of_a_deleted_orchestration_nothing_is_run(deps):
    orchestration = upload(deps)
    task = nightly(deps, orchestration_id=orchestration.id, ends_at=NOON.replace(day=3))
    away(deps, days=2)
    delete_orchestration(deps, orchestration.id, workspace_id=WORKSPACE, now=deps.clock())
    with pytest.raises(NotFound):
        order(deps, task)
