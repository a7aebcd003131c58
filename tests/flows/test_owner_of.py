"""As whom the package `wallaroo` logs in inside a run."""

from dataclasses import replace

import pytest
from macropod_server.db.tables import User
from macropod_server.domain.task import TaskKind
from macropod_server.flows.create_task import create_task
from macropod_server.flows.hand_spec import hand_spec
from macropod_server.flows.start_run import start_runs
from macropod_server.flows.task_wish import TaskWish

from tests.builders import make_task, runs_of, upload, upload_with_requirements


@pytest.fixture
def run(deps):
    task = make_task(deps)
    start_runs(deps)
    return runs_of(deps, task)[0]


def test_what_was_made_before_there_were_users_runs_for_the_first_admin(deps, run):
    user = hand_spec(deps, run.id, now=deps.clock()).wallaroo
    assert (user.email, user.is_admin) == ("admin@localhost", True)


def test_a_run_is_for_who_made_its_task(deps):
    with deps.database.write() as session:
        session.add(User(id="ada", email="ada@example.org", name="Ada", created_at=deps.clock()))
    task = create_task(
        deps,
        TaskWish(upload(deps).id, TaskKind.RUN_ONCE, "a task"),
        workspace_id=1,
        idempotency_key=None,
        owner_id="ada",
        now=deps.clock(),
    )
    start_runs(deps)
    assert hand_spec(deps, runs_of(deps, task)[0].id, now=deps.clock()).wallaroo.email == "ada@example.org"


def test_a_server_that_does_not_serve_wallaroo_tells_nobody(deps, run):
    silent = replace(deps, settings=replace(deps.settings, wallaroo="off"))
    assert hand_spec(silent, run.id, now=deps.clock()).wallaroo is None


def test_packaging_logs_in_as_nobody(deps):
    orchestration = upload_with_requirements(deps)
    start_runs(deps)
    assert hand_spec(deps, orchestration.packaging_run_id, now=deps.clock()).wallaroo is None
