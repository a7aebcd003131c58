"""What queued runs say they wait for is what they wait for."""

from datetime import timedelta

import pytest
from macropod_server.db.tables import Run
from macropod_server.domain.run import Reason
from macropod_server.domain.task import TaskKind
from macropod_server.flows.explain_waits import explain_waits
from macropod_server.flows.finish_run import Ending, finish_run
from macropod_server.flows.pause_all import pause_all
from macropod_server.flows.pause_task import pause_task
from macropod_server.flows.start_run import start_runs

from tests.builders import WORKSPACE, all_rows, make_deps, make_task, reread, runs_of, upload, upload_with_requirements


def waits(deps, *tasks):
    with deps.database.read() as session:
        said = explain_waits(deps, session, all_rows(deps, Run), now=deps.clock())
    return [said.get(runs_of(deps, task)[-1].id) for task in tasks]


def first(deps, task):
    return runs_of(deps, task)[0].id


def test_only_queued_runs_wait(deps):
    task = make_task(deps)
    assert waits(deps, task) == ["about to be started"]
    start_runs(deps)
    assert waits(deps, task) == [None]


def test_a_lock_is_named_with_its_holder(deps):
    holder, waiting = make_task(deps, locks=["warehouse"]), make_task(deps, locks=["warehouse", "x"])
    holder, waiting = sorted((holder, waiting), key=lambda task: first(deps, task))
    start_runs(deps)
    assert waits(deps, waiting) == [f"waiting for lock warehouse, held by run {first(deps, holder)}"]


def test_packaging_pauses_and_attempts_are_told(deps):
    packaged = upload(deps)
    unpackaged = make_task(deps, upload_with_requirements(deps))
    paused, failing = make_task(deps, packaged), make_task(deps, packaged, retries=1, retry_delay_seconds=0)
    pause_task(deps, paused.id, workspace_id=WORKSPACE, reason=None, requested_by=None, now=deps.clock())
    start_runs(deps)
    finish_run(deps, first(deps, failing), Ending(Reason.START_TIMEOUT), now=deps.clock())
    assert waits(deps, unpackaged, paused, failing) == [
        "waiting for the orchestration to be packaged",
        "the task is paused",
        "waiting until 12:00:05 UTC (attempt 2)",
    ]
    pause_all(deps, workspace_id=WORKSPACE, reason=None, requested_by=None, now=deps.clock())
    assert set(waits(deps, unpackaged, paused, failing)) == {"the workspace is paused"}


def test_a_continuous_task_waits_for_the_container_before(deps):
    task = make_task(deps, kind=TaskKind.RUN_CONTINUOUSLY)
    start_runs(deps)
    deps.clock.advance(seconds=1)
    finish_run(deps, first(deps, task), Ending(Reason.EXIT_CODE), now=deps.clock())
    deps.clock.advance(seconds=1)
    assert waits(deps, task) == [f"waiting for the run before it: run {first(deps, task)}"]


def test_a_spawner_that_is_away_is_waited_for(deps):
    task = make_task(deps)
    deps.spawner.become_unavailable()
    start_runs(deps)
    assert waits(deps, task) == ["waiting for the spawner, which is asked again at 12:00:05 UTC"]


@pytest.mark.parametrize(
    ("limit", "whose"),
    [
        ("max_runs", "of the server"),
        ("max_runs_per_workspace", "of the workspace"),
        ("max_runs_per_task", "of this task"),
    ],
)
def test_a_full_house_is_told_with_its_limit(tmp_path, database_url, limit, whose):
    deps = make_deps(tmp_path, database_url=database_url, **{limit: 1})
    task = make_task(deps)
    start_runs(deps)
    with deps.database.write() as session:
        run = reread(deps, runs_of(deps, task)[0])
        facts = {"id": "another", "status": "queued", "created_at": run.created_at + timedelta(seconds=1)}
        session.add(Run(**run.model_dump() | facts))
    assert waits(deps, task) == [f"waiting for a free place: 1 of 1 runs {whose} are under way"]
    deps.logs.close()
    deps.database.close()


def test_locks_kept_free_for_a_run_that_waits_long_are_told(deps):
    orchestration = upload(deps)
    made = []
    for locks in (["b"], ["a", "b"]):
        made.append(make_task(deps, orchestration, locks=locks))
        deps.clock.advance(seconds=1)
    start_runs(deps)
    deps.clock.advance(minutes=5)
    younger = make_task(deps, orchestration, locks=["a"])
    both = first(deps, made[1])
    assert waits(deps, younger) == [
        f"waiting for lock a, kept free for run {both}, which has waited long for several locks"
    ]
