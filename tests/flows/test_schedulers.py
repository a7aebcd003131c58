"""Several schedulers at the same moment: each due moment has one tick and one run, and each run one container."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from macropod_server.app import close_deps
from macropod_server.db.tables import Run, Tick
from macropod_server.domain.errors import Unavailable
from macropod_server.flows.enqueue_due import enqueue_due
from macropod_server.flows.start_run import start_runs
from macropod_server.flows.watch_run import watch

from tests.builders import Clock, all_rows, make_deps, make_task, upload

ROUNDS, TASKS = 40, 5


@pytest.fixture
def schedulers(tmp_path, database_url):
    clock = Clock()
    first = make_deps(tmp_path, database_url=database_url, clock=clock, max_runs=10_000, max_runs_per_workspace=10_000)
    others = [
        make_deps(tmp_path, database_url=database_url, clock=clock, spawner=first.spawner, max_runs=10_000)
        for _ in range(2)
    ]
    yield [first, *others]
    for each in (first, *others):
        close_deps(each)


def until_done(step, deps):
    """One that another is first at, or that finds the database busy, is tried again, as the loops do."""
    while True:
        try:
            if not step(deps):
                return
        except Unavailable:
            pass


def test_ticks_that_are_due_when_all_start_at_once_are_written_once(schedulers):
    first = schedulers[0]
    orchestration = upload(first)
    tasks = [make_task(first, orchestration, schedule="* * * * *", name=f"task {n}") for n in range(TASKS)]
    barrier = threading.Barrier(len(schedulers))

    def schedule(deps):
        for _ in range(ROUNDS):
            if barrier.wait() == 0:
                first.clock.advance(minutes=1)
            barrier.wait()
            until_done(enqueue_due, deps)

    with ThreadPoolExecutor(len(schedulers)) as pool:
        list(pool.map(schedule, schedulers))
    ticks = all_rows(first, Tick)
    assert Counter(tick.task_id for tick in ticks) == {task.id: ROUNDS for task in tasks}
    assert sorted(tick.run_id for tick in ticks) == sorted(run.id for run in all_rows(first, Run))
    start = min(tick.due_at for tick in ticks)
    assert {tick.due_at for tick in ticks} == {start + timedelta(minutes=number) for number in range(ROUNDS)}


def test_runs_that_all_servers_claim_and_adopt_at_once_have_one_container_each(schedulers):
    first = schedulers[0]
    orchestration = upload(first)
    for number in range(30):
        make_task(first, orchestration, name=f"task {number}")
    barrier = threading.Barrier(len(schedulers))

    def work(deps):
        barrier.wait()
        until_done(start_runs, deps)
        watch(deps, silence=timedelta(0))
        until_done(start_runs, deps)

    with ThreadPoolExecutor(len(schedulers)) as pool:
        list(pool.map(work, schedulers))
    assert {run.status for run in all_rows(first, Run)} == {"starting"}
    assert Counter(order.run_id for order in first.spawner.orders) == {run.id: 1 for run in all_rows(first, Run)}
