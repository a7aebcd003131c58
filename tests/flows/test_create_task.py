"""What a task is made of, and what is refused."""

from datetime import timedelta

import pytest
from macropod_server.db.tables import Run, Task
from macropod_server.domain.errors import Conflict, Invalid, NotFound
from macropod_server.domain.task import TaskKind, TaskStatus
from macropod_server.flows.create_task import create_task
from macropod_server.flows.task_wish import TaskWish

from tests.builders import NOON, all_rows, make_task, reread, runs_of, upload, upload_with_requirements


def test_a_task_that_runs_once_has_its_run_at_once(deps):
    task = make_task(deps, json_args={"dogs": 3.9}, timeout_seconds=600)
    assert [run.status for run in runs_of(deps, task)] == ["queued"]
    assert (task.status, task.active, task.last_run_status) == ("pending", True, "unknown")
    assert (task.json_args, task.timeout_seconds) == ({"dogs": 3.9}, 600)


def test_a_scheduled_task_waits_for_its_first_due_moment(deps):
    task = make_task(deps, schedule="30 12 * * *")
    assert task.next_due_at == NOON + timedelta(minutes=30)
    assert task.status == "started"
    assert runs_of(deps, task) == []


def test_a_scheduled_task_of_an_unpackaged_orchestration_is_pending(deps):
    task = make_task(deps, upload_with_requirements(deps), schedule="@daily")
    assert task.status is TaskStatus.PENDING


@pytest.mark.parametrize(
    ("spoil", "where"),
    [
        ({"schedule": "61 * * * *"}, "minute"),
        ({"schedule": "* * * * *", "timezone": "Mars/Base"}, "timezone"),
        ({"kind": TaskKind.RUN_SCHEDULED}, "schedule"),
        ({"timezone": "UTC"}, "timezone"),
        ({"json_args": {"x": "y" * 2**20}}, "json_args"),
    ],
)
def test_a_wish_that_cannot_be_granted_names_its_field_and_leaves_nothing(deps, spoil, where):
    with pytest.raises(Invalid) as refusal:
        make_task(deps, **spoil)
    assert refusal.value.problems[0].where == where
    assert all_rows(deps, Task) == []


def test_arguments_keep_every_character_json_has(deps):
    arguments = {"zero\0": ["\0", "日本", "\u2028"], "": None}
    assert reread(deps, make_task(deps, json_args=arguments)).json_args == arguments


def test_the_same_key_makes_one_task(deps):
    orchestration = upload(deps)
    first = make_task(deps, orchestration, key="k")
    again = make_task(deps, orchestration, key="k")
    assert again.id == first.id
    assert len(all_rows(deps, Run)) == 1


def test_the_same_key_with_another_wish_is_refused(deps):
    orchestration = upload(deps)
    make_task(deps, orchestration, key="k")
    with pytest.raises(Conflict, match="was used before for another request"):
        make_task(deps, orchestration, key="k", name="another name")


def test_an_orchestration_of_another_workspace_is_not_there(deps):
    wish = TaskWish(orchestration_id=upload(deps).id, kind=TaskKind.RUN_ONCE, name="a task")
    with pytest.raises(NotFound):
        create_task(deps, wish, workspace_id=2, idempotency_key=None, now=NOON)


def test_tasks_survive_a_restart(deps, restarted):
    task = make_task(deps, schedule="@daily")
    assert [row.id for row in all_rows(restarted, Task)] == [task.id]
