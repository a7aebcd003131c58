"""Environments that were lost, abandoned or claimed by a liar."""

import pytest
from macropod_server.db import runs
from macropod_server.db.tables import Environment, Run
from macropod_server.flows.hand_spec import hand_spec
from macropod_server.flows.package_orchestration import Lock, Turn
from macropod_server.flows.start_run import start_runs

from tests.builders import WORKSPACE, all_rows, make_task, reread, runs_of
from tests.flows.test_package_orchestration import LOCK, agree, begin_packaging, end


@pytest.fixture
def lost(deps):
    """A packaged orchestration whose environment somebody deleted."""
    orchestration, packaging = begin_packaging(deps)
    agree(deps, packaging)
    end(deps, packaging)
    deps.spawner.containers.environments.clear()
    return orchestration


def run_once(deps, orchestration):
    task = make_task(deps, orchestration)
    start_runs(deps)
    return runs_of(deps, task)[0]


def rebuild_of(deps, orchestration):
    """The packaging run that builds it again, begun."""
    while start_runs(deps):
        pass
    packaging_run_id = reread(deps, orchestration).packaging_run_id
    hand_spec(deps, packaging_run_id, now=deps.clock())
    with deps.database.read() as session:
        return runs.get(session, packaging_run_id)


def test_a_lost_environment_is_built_again_by_itself_and_the_run_that_missed_it_waits_for_it(deps, lost):
    waiting = run_once(deps, lost)
    assert (waiting.status, waiting.reason) == ("queued", None)
    assert "they are installed again from their lock" in waiting.message
    packaging = rebuild_of(deps, lost)
    assert hand_spec(deps, packaging.id, now=deps.clock()).lock.lock == LOCK.text
    assert agree(deps, packaging) is Turn.BUILD
    end(deps, packaging)
    deps.clock.advance(seconds=5)
    start_runs(deps)
    assert reread(deps, waiting).status == "starting"
    assert deps.spawner.orders[-1].environment == packaging.id


def test_runs_that_miss_an_environment_together_have_it_built_once(deps, lost):
    made = [make_task(deps, lost) for _ in range(3)]
    start_runs(deps)
    assert [runs_of(deps, task)[0].status for task in made] == ["queued"] * 3
    packaging = [run for run in all_rows(deps, Run) if run.kind == "packaging" and run.status == "queued"]
    assert [run.id for run in packaging] == [reread(deps, lost).packaging_run_id]


def test_an_environment_that_is_lost_over_and_over_is_given_up_in_the_end(deps, lost):
    waiting = run_once(deps, lost)
    for _ in range(deps.settings.start_timeout_seconds // 60 + 2):
        packaging = rebuild_of(deps, lost)
        agree(deps, packaging)
        end(deps, packaging)
        deps.spawner.containers.environments.clear()
        deps.clock.advance(minutes=1)
        start_runs(deps)
    given_up = reread(deps, waiting)
    assert (given_up.status, given_up.reason) == ("failure", "environment_not_found")


def test_no_run_starts_in_an_environment_that_is_being_built_again(deps, lost):
    run_once(deps, lost)
    _, packaging = begin_packaging(deps)
    agree(deps, packaging)
    assert run_once(deps, lost).status == "queued"
    end(deps, packaging)
    assert [row.status for row in all_rows(deps, Environment)] == ["ready"]


def test_an_environment_whose_builder_nobody_knows_is_taken_over(deps):
    _, first = begin_packaging(deps)
    agree(deps, first)
    with deps.database.write() as session:
        session.get_one(Environment, LOCK.digest(WORKSPACE)).name = "a run that was deleted"
    _, second = begin_packaging(deps)
    assert agree(deps, second) is Turn.BUILD


@pytest.mark.parametrize(
    "other", [Lock("b", "l", "p", "f"), Lock("", "bl", "p", "f"), Lock("b", "l", "pf", ""), Lock("b", "k", "p", "f")]
)
def test_another_lock_is_another_environment_whatever_the_runner_says(other):
    known = Lock("b", "lp", "", "f")
    assert known.digest(1) != other.digest(1)


def test_a_workspace_does_not_share_the_environments_of_another():
    assert LOCK.digest(1) != LOCK.digest(2)
