"""Packaging: built once per lock, shared by all, and what waits for it."""

from dataclasses import replace

import pytest
from macropod_server.db.tables import Environment
from macropod_server.domain.errors import Conflict
from macropod_server.domain.run import Reason
from macropod_server.flows.clean_up import clean_up
from macropod_server.flows.finish_run import Ending, finish_run
from macropod_server.flows.hand_spec import hand_spec
from macropod_server.flows.package_orchestration import Lock, Turn, agree_on_lock
from macropod_server.flows.start_run import start_runs

from tests.builders import (
    WORKSPACE,
    all_rows,
    make_task,
    orchestration_of,
    reread,
    runs_of,
    upload,
    upload_with_requirements,
)

LOCK = Lock("/usr/bin/python3 /opt/sdk", "six==1.16.0 --hash=sha256:00\n", "cpython 3.11", "linux x86_64")


def begin_packaging(deps):
    """Upload a package with requirements and start its packaging run."""
    orchestration = upload_with_requirements(deps)
    while start_runs(deps):
        pass
    hand_spec(deps, orchestration.packaging_run_id, now=deps.clock())
    with deps.database.read() as session:
        from macropod_server.db import runs

        return orchestration, runs.get(session, orchestration.packaging_run_id)


def agree(deps, run):
    return agree_on_lock(deps, run, LOCK, now=deps.clock())


def end(deps, run, reason=Reason.COMPLETED, message=None):
    finish_run(deps, run.id, Ending(reason, message), now=deps.clock())


def test_a_package_without_requirements_is_ready_at_once(deps):
    assert upload(deps).status == "ready"


def test_packaging_goes_from_pending_to_ready_with_its_lock(deps):
    assert upload_with_requirements(deps).status == "pending_packaging"
    orchestration, run = begin_packaging(deps)
    assert reread(deps, orchestration).status == "packaging"
    assert agree(deps, run) is Turn.BUILD
    end(deps, run)
    done = reread(deps, orchestration)
    assert (done.status, done.environment) == ("ready", LOCK.digest(WORKSPACE))
    assert [(row.status, row.lock) for row in all_rows(deps, Environment)] == [("ready", LOCK.text)]


def test_ten_uploads_of_the_same_lock_build_once(deps):
    packaged = [begin_packaging(deps) for _ in range(10)]
    turns = [agree(deps, run) for _, run in packaged]
    assert turns == [Turn.BUILD] + [Turn.WAIT] * 9
    end(deps, packaged[0][1])
    assert [agree(deps, run) for _, run in packaged[1:]] == [Turn.SHARE] * 9
    for _, run in packaged[1:]:
        end(deps, run)
    assert {reread(deps, orchestration).status for orchestration, _ in packaged} == {"ready"}
    assert len(all_rows(deps, Environment)) == 1


def test_when_the_builder_fails_the_next_one_builds(deps):
    (_, first), (second_orchestration, second) = begin_packaging(deps), begin_packaging(deps)
    assert [agree(deps, first), agree(deps, second)] == [Turn.BUILD, Turn.WAIT]
    end(deps, first, Reason.PACKAGING_FAILED, "no space")
    assert agree(deps, second) is Turn.BUILD
    end(deps, second)
    assert reread(deps, second_orchestration).status == "ready"


def test_asking_for_ones_turn_again_gives_the_same_answer(deps):
    _, run = begin_packaging(deps)
    assert [agree(deps, run), agree(deps, run)] == [Turn.BUILD, Turn.BUILD]


def test_a_run_of_a_task_cannot_give_its_orchestration_other_packages(deps):
    orchestration, packaging = begin_packaging(deps)
    agree(deps, packaging)
    end(deps, packaging)
    task = make_task(deps, orchestration)
    start_runs(deps)
    (run,) = runs_of(deps, task)
    hand_spec(deps, run.id, now=deps.clock())
    with pytest.raises(Conflict, match="does not package"):
        agree_on_lock(deps, run, replace(LOCK, text="evil==1.0\n"), now=deps.clock())
    assert reread(deps, orchestration).environment == LOCK.digest(WORKSPACE)
    assert len(all_rows(deps, Environment)) == 1


def test_a_packaging_run_that_has_ended_agrees_on_nothing(deps):
    orchestration, packaging = begin_packaging(deps)
    end(deps, packaging, Reason.PACKAGING_FAILED)
    with pytest.raises(Conflict, match="only while it runs"):
        agree(deps, packaging)
    assert reread(deps, orchestration).environment is None


def test_an_earlier_packaging_run_does_not_speak_for_the_one_that_took_its_place(deps):
    orchestration, packaging = begin_packaging(deps)
    end(deps, packaging, Reason.RUNNER_DIED)
    with pytest.raises(Conflict, match="does not package"):
        agree(deps, packaging)
    assert reread(deps, orchestration).status == "packaging"


def test_a_waiting_run_starts_in_the_environment_that_was_built(deps):
    orchestration, packaging = begin_packaging(deps)
    task = make_task(deps, orchestration)
    assert not start_runs(deps)
    agree(deps, packaging)
    end(deps, packaging)
    start_runs(deps)
    assert deps.spawner.orders[-1].environment == packaging.id
    assert runs_of(deps, task)[0].status == "starting"


def test_failed_packaging_is_the_reason_of_every_run_that_waited(deps):
    orchestration, packaging = begin_packaging(deps)
    once, nightly = make_task(deps, orchestration), make_task(deps, orchestration, schedule="@daily")
    end(deps, packaging, Reason.PACKAGING_FAILED, "No matching distribution found for sixx")
    assert reread(deps, orchestration).status == "error"
    (run,) = runs_of(deps, once)
    assert (run.status, run.reason) == ("failure", "packaging_failed")
    assert "sixx" in run.message
    for task in (once, nightly):
        assert (reread(deps, task).status, reread(deps, task).active) == ("failed", False)
    assert reread(deps, nightly).next_due_at is None


def test_a_schedule_made_while_packaging_is_started_when_that_is_done(deps):
    orchestration, packaging = begin_packaging(deps)
    task = make_task(deps, orchestration, schedule="@daily")
    agree(deps, packaging)
    end(deps, packaging)
    assert reread(deps, task).status == "started"


@pytest.mark.parametrize(("reason", "is_kept"), [(Reason.COMPLETED, True), (Reason.PACKAGING_FAILED, False)])
def test_an_environment_is_kept_only_when_it_was_built_whole(deps, reason, is_kept):
    _, packaging = begin_packaging(deps)
    agree(deps, packaging)
    end(deps, packaging, reason)
    clean_up(deps)
    assert (packaging.id in deps.spawner.containers.environments) is is_kept


def test_a_run_of_a_packaged_orchestration_belongs_to_it(deps):
    orchestration, packaging = begin_packaging(deps)
    assert orchestration_of(deps, packaging).id == orchestration.id
