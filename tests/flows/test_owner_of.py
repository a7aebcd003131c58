"""As whom the package `wallaroo` logs in inside a run."""

from dataclasses import replace

import pytest
from macropod_server.db.tables import Task, User
from macropod_server.flows.hand_spec import hand_spec
from macropod_server.flows.owner_of import Owner, owner_of
from macropod_server.flows.start_run import start_runs

from tests.builders import all_rows, make_task, runs_of, upload_with_requirements
from tests.people import make_person


@pytest.fixture
def run(deps):
    task = make_task(deps)
    start_runs(deps)
    return runs_of(deps, task)[0]


def test_the_spec_tells_the_owner_of_the_run(deps, run):
    assert hand_spec(deps, run.id, now=deps.clock()).wallaroo == owner_of(deps, run)


def test_what_was_made_before_there_were_users_runs_for_the_first_admin(deps, run):
    (admin,) = all_rows(deps, User)
    assert owner_of(deps, run) == Owner(admin.id, "admin@localhost")


def test_a_run_logs_in_as_who_made_its_task(deps, run):
    person = make_person(deps)
    with deps.database.write() as session:
        session.get_one(Task, run.task_id).owner_id = person.id
    assert owner_of(deps, run) == Owner(person.id, person.email)


def test_a_server_that_does_not_serve_wallaroo_tells_nobody(deps, run):
    silent = replace(deps, settings=replace(deps.settings, wallaroo="off"))
    assert hand_spec(silent, run.id, now=deps.clock()).wallaroo is None


def test_packaging_logs_in_as_nobody(deps):
    orchestration = upload_with_requirements(deps)
    start_runs(deps)
    assert hand_spec(deps, orchestration.packaging_run_id, now=deps.clock()).wallaroo is None
