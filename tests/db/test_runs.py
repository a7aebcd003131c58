"""The one door through which a run's status changes, and who may start next."""

import pytest
from macropod_server.db import runs
from macropod_server.db.queue import next_startable
from macropod_server.db.runs import MoveNotAllowed
from macropod_server.db.tables import Run, RunEvent
from macropod_server.domain.run import Reason, RunStatus
from macropod_server.domain.waiting import Concurrency

from tests.builders import NOON, all_rows, make_task, reread, runs_of, upload, upload_with_requirements


@pytest.fixture
def run(deps):
    return runs_of(deps, make_task(deps))[0]


def test_a_move_stores_the_status_its_facts_and_an_event(deps, run):
    with deps.database.write() as session:
        assert runs.advance(session, runs.get(session, run.id), RunStatus.STARTING, now=NOON, claimed_at=NOON)
    assert reread(deps, run).status is RunStatus.STARTING
    assert reread(deps, run).claimed_at == NOON
    moves = [(event.from_status, event.to_status) for event in all_rows(deps, RunEvent)]
    assert moves == [(None, RunStatus.QUEUED), (RunStatus.QUEUED, RunStatus.STARTING)]


def test_who_comes_second_is_told_so_and_changes_nothing(deps, run):
    with deps.database.write() as session:
        runs.advance(session, runs.get(session, run.id), RunStatus.STARTING, now=NOON)
    with deps.database.write() as session:
        assert not runs.advance(session, run, RunStatus.KILLED, now=NOON, reason=Reason.KILL_REQUESTED)
    assert reread(deps, run).status is RunStatus.STARTING
    assert len(all_rows(deps, RunEvent)) == 2


def test_an_end_is_for_ever(deps, run):
    with deps.database.write() as session:
        runs.advance(session, runs.get(session, run.id), RunStatus.KILLED, now=NOON, reason=Reason.KILL_REQUESTED)
    with deps.database.read() as session:
        killed = runs.get(session, run.id)
    with pytest.raises(MoveNotAllowed, match="is killed; it cannot become running"):
        runs.advance(session, killed, RunStatus.RUNNING, now=NOON)


def test_a_transaction_that_fails_leaves_neither_status_nor_event(deps, run):
    def claim_and_fail():
        with deps.database.write() as session:
            runs.advance(session, runs.get(session, run.id), RunStatus.STARTING, now=NOON)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        claim_and_fail()
    assert reread(deps, run).status is RunStatus.QUEUED
    assert len(all_rows(deps, RunEvent)) == 1


def startable(deps, **most):
    with deps.database.read() as session:
        concurrency = Concurrency(**{"server": 9, "workspace": 9, "task": 9} | most)
        return next_startable(session, concurrency, spawner=deps.spawner.name, now=NOON)


def claim(deps, run):
    with deps.database.write() as session:
        assert runs.advance(session, runs.get(session, run.id), RunStatus.STARTING, now=NOON)


def test_the_oldest_queued_run_starts_first(deps):
    first = make_task(deps)
    deps.clock.advance(seconds=1)
    make_task(deps)
    assert startable(deps).task_id == first.id


@pytest.mark.parametrize("full", ["server", "workspace", "task"])
def test_a_limit_that_is_reached_lets_nothing_more_start(deps, run, full):
    claim(deps, run)
    with deps.database.write() as session:
        session.add(Run(**run.model_dump() | {"id": "another", "status": RunStatus.QUEUED}))
    assert startable(deps, **{full: 2}) is not None
    assert startable(deps, **{full: 1}) is None


def test_a_full_task_does_not_hold_up_another(deps, run):
    claim(deps, run)
    other = make_task(deps)
    assert startable(deps, task=1).task_id == other.id


def test_a_run_waits_until_its_orchestration_is_packaged(deps):
    orchestration = upload_with_requirements(deps)
    make_task(deps, orchestration)
    packaging = startable(deps)
    assert packaging.id == orchestration.packaging_run_id
    claim(deps, packaging)
    assert startable(deps) is None


def test_lists_are_paged_newest_first(deps):
    orchestration = upload(deps)
    made = []
    for _ in range(5):
        made.append(runs_of(deps, make_task(deps, orchestration))[0].id)
        deps.clock.advance(seconds=1)
    with deps.database.read() as session:
        first = runs.find(session, 1, limit=2)
        second = runs.find(session, 1, limit=2, before=first[-1].id)
    assert [run.id for run in first + second] == made[:0:-1]
