"""Environments that were lost, abandoned or claimed by a liar."""

import pytest
from macropod_server.db.tables import Environment
from macropod_server.flows.package_orchestration import Lock, Turn
from macropod_server.flows.start_run import start_runs

from tests.builders import WORKSPACE, all_rows, make_task, runs_of
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


def test_a_lost_environment_is_built_again_by_the_next_upload(deps, lost):
    failed = run_once(deps, lost)
    assert (failed.status, failed.reason) == ("failure", "environment_not_found")
    assert "Upload it again" in failed.message
    _, packaging = begin_packaging(deps)
    assert agree(deps, packaging) is Turn.BUILD
    end(deps, packaging)
    assert run_once(deps, lost).status == "starting"
    assert deps.spawner.orders[-1].environment == packaging.id


def test_no_run_starts_in_an_environment_that_is_being_built_again(deps, lost):
    run_once(deps, lost)
    _, packaging = begin_packaging(deps)
    agree(deps, packaging)
    assert (run_once(deps, lost).status, deps.spawner.orders[-1].run_id) == ("failure", packaging.id)
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
