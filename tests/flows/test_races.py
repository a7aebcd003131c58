"""Two transactions at the same rows: whoever comes second waits, and acts on what the first has left."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from macropod_server.app import close_deps
from macropod_server.db import orchestrations, runs, tasks
from macropod_server.db.tables import Run, Task
from macropod_server.domain.errors import Conflict, NotFound, Unavailable
from macropod_server.domain.run import ACTIVE, Reason, RunStatus
from macropod_server.flows.delete_orchestration import delete_orchestration
from macropod_server.flows.finish_run import Ending, finish_run
from macropod_server.flows.hand_spec import hand_spec
from macropod_server.flows.package_orchestration import Lock, Turn, agree_on_lock, settle_packaging
from macropod_server.flows.start_run import start_runs
from macropod_server.flows.stop_run import kill_task

from tests.builders import (
    WORKSPACE,
    a_zip,
    all_rows,
    make_deps,
    make_task,
    reread,
    runs_of,
    upload,
    upload_with_requirements,
)

ROUNDS = 8
LOCK = Lock("/usr/bin/python3", "six==1.16.0\n", "cpython 3.11", "linux")


@contextmanager
def second(action):
    """Begin the action while the block's transaction is open; it may end only after that."""
    with ThreadPoolExecutor(1) as pool:
        begun = []
        yield lambda: begun.append(pool.submit(action)) or time.sleep(0.2)
        begun[0].result(timeout=10)


def at_the_same_time(*actions):
    """What each action returned or raised."""
    barrier = threading.Barrier(len(actions))

    def act(action):
        barrier.wait()
        try:
            return action()
        except (Conflict, NotFound, Unavailable) as refusal:
            return refusal

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(act, actions))


def kill(deps, task):
    return kill_task(deps, task.id, workspace_id=WORKSPACE, now=deps.clock())


def test_a_kill_that_comes_while_the_run_is_claimed_reaches_the_run(deps):
    task = make_task(deps)
    (run,) = runs_of(deps, task)
    with second(lambda: kill(deps, task)) as begin, deps.database.write() as session:
        assert runs.advance(session, run, RunStatus.STARTING, now=deps.clock())
        begin()
    assert reread(deps, run).stop_requested_at == deps.clock()


def test_a_kill_is_not_overwritten_by_news_of_the_run(deps):
    task = make_task(deps)
    start_runs(deps)
    (run,) = runs_of(deps, task)
    hand_spec(deps, run.id, now=deps.clock())

    def finish():
        finish_run(deps, run.id, Ending(Reason.COMPLETED), now=deps.clock())

    with second(finish) as begin, deps.database.write() as session:
        begin_kill = tasks.get(session, task.id, locked=True)
        begin()
        begin_kill.status, begin_kill.active = "pending_kill", False
        session.add(begin_kill)
    assert reread(deps, task).status == "killed"


def test_kills_and_claims_at_the_same_time_lose_nothing_and_do_not_lock_each_other_out(deps, restarted):
    for _ in range(ROUNDS):
        made = [make_task(deps) for _ in range(3)]
        killing = [lambda task=task: kill(deps, task) for task in made]
        answers = at_the_same_time(*killing, lambda: start_runs(restarted), lambda: start_runs(deps))
        assert [each for each in answers if isinstance(each, Exception)] == []
        for task in made:
            (run,) = runs_of(deps, task)
            assert run.status == "killed" or run.stop_requested_at is not None
            assert reread(deps, task).status in ("pending_kill", "killed")


def test_two_servers_together_keep_to_the_limit_of_runs_at_once(tmp_path, database_url):
    first = make_deps(tmp_path, database_url=database_url, max_runs=2)
    other = make_deps(tmp_path, database_url=database_url, max_runs=2, spawner=first.spawner)
    for _ in range(ROUNDS):
        make_task(first)
    at_the_same_time(*[lambda deps=deps: start_runs(deps) for deps in (first, other, first, other)])
    assert sum(run.status in ACTIVE for run in all_rows(first, Run)) == 2
    close_deps(first)
    close_deps(other)


def packaging_of(deps):
    orchestration = upload_with_requirements(deps)
    while start_runs(deps):
        pass
    hand_spec(deps, orchestration.packaging_run_id, now=deps.clock())
    with deps.database.read() as session:
        return orchestration, runs.get(session, orchestration.packaging_run_id)


def test_no_task_is_made_for_an_orchestration_whose_packaging_is_failing(deps):
    orchestration, packaging = packaging_of(deps)

    def too_late():
        with pytest.raises(Conflict, match="its packaging failed"):
            make_task(deps, orchestration)

    with second(too_late) as begin, deps.database.write() as session:
        run, _ = tasks.hold_run(session, packaging.id)
        runs.advance(session, run, RunStatus.FAILURE, now=deps.clock(), reason=Reason.PACKAGING_FAILED)
        settle_packaging(session, run, now=deps.clock())
        begin()
    assert all_rows(deps, Task) == []


def test_calls_with_one_key_at_the_same_time_make_one_task(deps, restarted):
    orchestration = upload(deps)
    calls = [lambda each=each: make_task(each, orchestration, key="k").id for each in (deps, restarted) * 3]
    assert at_the_same_time(*calls) == [all_rows(deps, Task)[0].id] * 6


def test_uploads_with_one_key_at_the_same_time_make_one_orchestration(deps, restarted):
    calls = [lambda each=each: upload(each, idempotency_key="k").id for each in (deps, restarted) * 3]
    assert len(set(at_the_same_time(*calls))) == 1


def turns_at_the_same_time(deps, packagings):
    asking = [lambda run=run: agree_on_lock(deps, run, LOCK, now=deps.clock()) for run in packagings]
    return sorted(at_the_same_time(*asking))


def test_of_packagings_that_ask_at_the_same_time_one_builds(deps):
    packagings = [packaging_of(deps)[1] for _ in range(4)]
    assert turns_at_the_same_time(deps, packagings) == [Turn.BUILD] + [Turn.WAIT] * 3


def test_of_packagings_that_would_take_over_at_the_same_time_one_does(deps):
    failing, *others = [packaging_of(deps)[1] for _ in range(4)]
    turns_at_the_same_time(deps, [failing])
    finish_run(deps, failing.id, Ending(Reason.PACKAGING_FAILED, "no space"), now=deps.clock())
    assert turns_at_the_same_time(deps, others) == [Turn.BUILD, Turn.WAIT, Turn.WAIT]


def test_bytes_uploaded_while_they_are_deleted_are_there_or_refused(deps, restarted):
    for number in range(ROUNDS):
        content = a_zip({"main.py": f"print({number})"})
        old = upload(deps, content)
        _, new = at_the_same_time(
            lambda old=old: delete_orchestration(deps, old.id, workspace_id=WORKSPACE, now=deps.clock()),
            lambda content=content: upload(restarted, content),
        )
        assert isinstance(new, Unavailable) or deps.storage.exists(new.sha256)


def test_an_orchestration_is_deleted_or_gets_a_task_but_not_both(deps, restarted):
    for _ in range(ROUNDS):
        orchestration = upload(deps)
        at_the_same_time(
            lambda it=orchestration: delete_orchestration(deps, it.id, workspace_id=WORKSPACE, now=deps.clock()),
            lambda it=orchestration: make_task(restarted, it),
        )
        with deps.database.read() as session:
            is_used = tasks.active_of(session, orchestration.id) != []
            is_deleted = orchestrations.get(session, orchestration.id).deleted_at is not None
        assert is_used != is_deleted
