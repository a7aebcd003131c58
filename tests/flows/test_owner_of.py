"""As whom the package `wallaroo` logs in inside a run."""

from dataclasses import replace

import pytest
from macropod_server.flows.hand_spec import hand_spec
from macropod_server.flows.owner_of import owner_of
from macropod_server.flows.start_run import start_runs

from tests.builders import make_task, runs_of, upload_with_requirements


@pytest.fixture
def run(deps):
    task = make_task(deps)
    start_runs(deps)
    return runs_of(deps, task)[0]


def test_the_spec_tells_the_owner_of_the_run(deps, run):
    assert hand_spec(deps, run.id, now=deps.clock()).wallaroo == owner_of(deps, run)


def test_the_owner_is_the_same_for_ever_and_another_one_elsewhere(deps, run):
    elsewhere = replace(deps, installation_id="0b6f3c0e-0000-4000-8000-000000000001")
    assert owner_of(deps, run) == owner_of(deps, run)
    assert owner_of(deps, run).user_email == "admin@localhost"
    assert owner_of(elsewhere, run).user_id != owner_of(deps, run).user_id


def test_a_server_that_does_not_serve_wallaroo_tells_nobody(deps, run):
    silent = replace(deps, settings=replace(deps.settings, wallaroo="off"))
    assert hand_spec(silent, run.id, now=deps.clock()).wallaroo is None


def test_packaging_logs_in_as_nobody(deps):
    orchestration = upload_with_requirements(deps)
    start_runs(deps)
    assert hand_spec(deps, orchestration.packaging_run_id, now=deps.clock()).wallaroo is None
