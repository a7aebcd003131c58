"""The same once more, and what could not be the same."""

import pytest
from macropod_server.db.tables import Environment, Run
from macropod_server.domain.errors import Conflict, NotFound
from macropod_server.domain.run import Reason
from macropod_server.domain.task import EnvironmentStatus
from macropod_server.flows.clean_up import clean_up
from macropod_server.flows.delete_orchestration import delete_orchestration
from macropod_server.flows.finish_run import Ending, finish_run
from macropod_server.flows.hand_spec import hand_spec
from macropod_server.flows.rerun import rerun
from macropod_server.flows.start_run import start_runs
from macropod_server.flows.stop_run import kill_task

from tests.builders import WORKSPACE, all_rows, make_task, reread, runs_of
from tests.flows.test_package_orchestration import agree, begin_packaging
from tests.flows.test_package_orchestration import end as end_packaging


def end(deps, run, reason=Reason.EXIT_CODE):
    start_runs(deps)
    hand_spec(deps, run.id, now=deps.clock())
    finish_run(deps, run.id, Ending(reason), now=deps.clock())
    return reread(deps, run)


def ended(deps, **wish):
    task = make_task(deps, **wish)
    return task, end(deps, runs_of(deps, task)[0])


def again(deps, run, *, key=None, workspace_id=WORKSPACE):
    deps.clock.advance(seconds=1)
    return rerun(deps, run.id, workspace_id=workspace_id, idempotency_key=key, requested_by="laptop", now=deps.clock())


def test_a_run_is_run_once_more_with_all_it_had(deps):
    task, first = ended(deps, json_args={"dogs": 3.9}, timeout_seconds=5)
    made = again(deps, first)
    assert made.differences == []
    run = made.run
    assert (run.task_id, run.cause, run.rerun_of, run.attempt, run.requested_by) == (
        task.id,
        "rerun",
        first.id,
        1,
        "laptop",
    )
    assert (run.status, run.orchestration_id) == ("queued", first.orchestration_id)
    start_runs(deps)
    spec = hand_spec(deps, run.id, now=deps.clock())
    assert (spec.arguments, spec.timeout_seconds) == ({"dogs": 3.9}, 5)


def test_it_is_started_at_once(deps):
    _, first = ended(deps)
    starter = deps.signals.loop_event("start_run")
    starter.clear()
    again(deps, first)
    assert starter.is_set()


def test_the_task_shows_the_new_run_and_is_active_until_its_end(deps):
    task, first = ended(deps)
    assert not reread(deps, task).active
    run = again(deps, first).run
    shown = reread(deps, task)
    assert (shown.active, shown.last_run_id, shown.last_run_status) == (True, run.id, "queued")
    end(deps, run, Reason.COMPLETED)
    assert (reread(deps, task).active, reread(deps, task).last_run_status) == (False, "success")


def test_a_rerun_has_attempts_of_its_own(deps):
    _, first = ended(deps, retries=1, retry_on=["timed_out"])
    run = again(deps, first).run
    end(deps, run, Reason.TIME_LIMIT)
    retried = [each for each in all_rows(deps, Run) if each.cause == "retry"]
    assert [(each.attempt, each.first_run_id, each.rerun_of) for each in retried] == [(2, run.id, first.id)]


def test_a_repeated_call_with_its_key_makes_one_run(deps):
    _, first = ended(deps)
    assert again(deps, first, key="k").run.id == again(deps, first, key="k").run.id
    assert len(all_rows(deps, Run)) == 2


def test_where_runs_must_not_overlap_it_waits_for_those_before_it(deps):
    task, first = ended(deps, overlap="skip")
    clean_up(deps)
    second, third = again(deps, first).run, again(deps, first).run
    start_runs(deps)
    assert [reread(deps, run).status for run in (second, third)] == ["starting", "queued"]
    assert len(runs_of(deps, task)) == 3


def refused(deps, run, match):
    before = len(all_rows(deps, Run))
    with pytest.raises(Conflict, match=match):
        again(deps, run)
    assert len(all_rows(deps, Run)) == before


def test_a_run_that_has_not_ended_is_not_run_again(deps):
    task = make_task(deps)
    refused(deps, runs_of(deps, task)[0], "is queued. Wait for its end")


def test_nothing_of_a_killed_task_starts(deps):
    task, first = ended(deps)
    kill_task(deps, task.id, workspace_id=WORKSPACE, now=deps.clock())
    refused(deps, first, "nothing of it starts any more")


def test_what_was_deleted_cannot_be_run(deps):
    task, first = ended(deps)
    delete_orchestration(deps, task.orchestration_id, workspace_id=WORKSPACE, now=deps.clock())
    refused(deps, first, "was deleted with its orchestration")


def test_packaging_is_not_run_again(deps):
    _, packaging = begin_packaging(deps)
    end_packaging(deps, packaging, Reason.PACKAGING_FAILED)
    refused(deps, packaging, "upload the same bytes again")


def test_a_run_of_another_workspace_is_not_there(deps):
    _, first = ended(deps)
    with pytest.raises(NotFound):
        again(deps, first, workspace_id=2)


@pytest.fixture
def packaged(deps):
    """A run with an environment, which has ended."""
    orchestration, packaging = begin_packaging(deps)
    agree(deps, packaging)
    end_packaging(deps, packaging)
    task = make_task(deps, orchestration)
    return end(deps, runs_of(deps, task)[0])


def change_environment(deps, **facts):
    with deps.database.write() as session:
        (row,) = [session.get_one(Environment, each.digest) for each in all_rows(deps, Environment)]
        for name, value in facts.items():
            setattr(row, name, value)


def test_the_lock_is_noted_and_the_same(deps, packaged):
    (environment,) = all_rows(deps, Environment)
    made = again(deps, packaged)
    assert (packaged.environment, made.differences) == (environment.digest, [])
    start_runs(deps)
    assert reread(deps, made.run).environment == environment.digest


def test_packages_that_are_gone_are_told(deps, packaged):
    change_environment(deps, status=EnvironmentStatus.BUILDING)
    (difference,) = again(deps, packaged).differences
    assert "The packages are gone" in difference


def test_packages_that_were_installed_anew_are_told(deps, packaged):
    deps.clock.advance(minutes=1)
    _, packaging = begin_packaging(deps)
    change_environment(deps, name=packaging.id)
    assert again(deps, packaged).differences == ["The packages were installed anew since, from the same lock."]


def test_another_image_or_spawner_is_told(deps):
    _, first = ended(deps)
    with deps.database.write() as session:
        session.get_one(Run, first.id).spawner = "docker"
    assert again(deps, first).differences == ["It ran with the spawner docker, and runs with fake now."]
