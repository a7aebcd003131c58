"""Tasks and their statuses."""

import pytest
from macropod_server.db.tables import Task
from macropod_server.domain.task import TaskHealth, TaskKind
from macropod_server.flows.clean_up import clean_up

from tests.builders import make_task, reread
from tests.clockwork import minutes_pass
from tests.wallaroo_api.conftest import is_refused


@pytest.fixture
def order(orchestration_id):
    return {"orch_id": orchestration_id, "workspace_id": 1, "name": "a task", "json": {}, "debug": False}


def status(ada, task_id):
    return ada.post("task/get_by_id", {"id": task_id}).json()["status"]


def test_a_run_once_task_stays_started_after_its_end(ada, played, task_id):
    assert status(ada, task_id) == "pending"
    run = played.start()
    assert status(ada, task_id) == "started"
    run.ends()
    told = ada.post("task/get_by_id", {"id": task_id}).json()
    assert (told["status"], told["killed"], told["run_type"]) == ("started", False, "Oneshot")
    assert [each["status"] for each in told["last_runs"]] == ["success"]
    assert told["input_data"] == {"a": None}
    assert told["schedule"] is None


def test_a_run_that_waits_for_its_container_is_not_listed(ada, played, task_id):
    assert ada.post("task/get_by_id", {"id": task_id}).json()["last_runs"] == []
    played.start()
    assert [each["status"] for each in ada.post("task/get_by_id", {"id": task_id}).json()["last_runs"]] == ["running"]


def test_the_run_before_one_that_waits_is_still_the_last_one(ada, played, order):
    task_id = ada.made("task/run_scheduled", **order, schedule="* * * * *")
    minutes_pass(played.deps, 1)
    played.start().ends()
    minutes_pass(played.deps, 1)
    assert [each["status"] for each in ada.post("task/list", {}).json()[0]["last_runs"]] == ["success"]
    assert ada.post("task/get_by_id", {"id": task_id}).json()["run_type"] == "CronJob"


def test_the_last_runs_are_told_oldest_first(ada, played, order):
    task_id = ada.made("task/run_scheduled", **order, schedule="* * * * *")
    for reason in ("completed", "exit_code", "completed"):
        minutes_pass(played.deps, 1)
        played.start().ends(reason)
    told = ada.post("task/get_by_id", {"id": task_id, "run_limit": 2}).json()
    assert [each["status"] for each in told["last_runs"]] == ["failure", "success"]


def test_a_task_without_a_name_is_called_like_what_it_runs(ada, order):
    task_id = ada.made("task/run_once", **order | {"name": None})
    assert ada.post("task/get_by_id", {"id": task_id}).json()["name"] == "hello"


@pytest.mark.parametrize(("path", "seconds"), [("run_once", 900), ("run_scheduled", 900), ("run_continuously", None)])
def test_a_run_has_the_time_the_vendor_gives_it(ada, played, order, path, seconds):
    task_id = ada.made(f"task/{path}", **order, schedule="0 2 * * *")
    with played.deps.database.read() as session:
        assert session.get_one(Task, task_id).timeout_seconds == seconds


@pytest.mark.parametrize("schedule", ["@daily", "* * * * * *", "", "every day", "61 * * * *", "0 2 * * *; 0 3 * * *"])
def test_a_schedule_has_five_fields_of_cron_and_nothing_else(ada, order, schedule):
    is_refused(ada.post("task/run_scheduled", order | {"schedule": schedule}), 400)


def test_a_continuous_task_that_does_not_stay_up_says_so(ada, played, order):
    task_id = ada.made("task/run_continuously", **order)
    for _ in range(5):
        played.clock.advance(minutes=5)
        played.start().ends("exit_code")
        clean_up(played.deps)
    assert status(ada, task_id) == "crash_loop"
    told = ada.post("task/get_by_id", {"id": task_id}).json()
    assert (told["run_type"], told["killed"]) == ("NetworkService", False)
    with played.deps.database.write() as session:
        session.get_one(Task, task_id).health = TaskHealth.HEALTHY
    assert status(ada, task_id) == "started"


def test_a_kill_is_answered_before_it_is_done(ada, played, task_id):
    run = played.start()
    answer = ada.post("task/kill", {"id": task_id})
    assert answer.status_code == 202
    assert (answer.json()["status"], answer.json()["killed"]) == ("pending_kill", False)
    run.ends("kill_requested")
    told = ada.post("task/get_by_id", {"id": task_id}).json()
    assert (told["status"], told["killed"]) == ("killed", True)


def test_killed_tasks_are_listed_as_the_documentation_says(ada, order, task_id):
    other = ada.made("task/run_once", **order)
    ada.post("task/kill", {"id": task_id})
    for killed, expected in ((True, {task_id}), (False, {task_id, other}), (None, {task_id, other})):
        assert {each["id"] for each in ada.post("task/list", {"killed": killed}).json()} == expected


def test_tasks_are_listed_by_workspace_orchestration_and_sha_newest_change_first(ada, played, order, orchestration_id):
    first = ada.made("task/run_once", **order)
    played.clock.advance(seconds=1)
    second = ada.made("task/run_once", **order)
    sha = ada.post("orchestration/get_by_id", {"id": orchestration_id}).json()["sha"]
    for wish in ({"workspace_id": 1}, {"orch_id": orchestration_id, "workspace_id": None}, {"orch_sha": sha}, {}):
        assert [each["id"] for each in ada.post("task/list", wish).json()] == [second, first], wish
    assert ada.post("task/list", {"orch_id": "another"}).json() == []
    assert ada.post("task/get_tasks_by_orch_sha", {"sha": sha.upper()}).json() == {"ids": [second, first]}


def test_pausing_and_resuming_is_done_at_once(ada, order):
    task_id = ada.made("task/run_scheduled", **order, schedule="0 2 * * *")
    for pause, expected in ((True, "paused"), (False, "started")):
        answer = ada.post("task/pause", {"id": task_id, "pause": pause})
        assert (answer.status_code, answer.json()["status"]) == (202, expected)


def test_what_cannot_be_paused_is_told(ada, task_id):
    ada.post("task/kill", {"id": task_id})
    assert "there is nothing to pause" in is_refused(ada.post("task/pause", {"id": task_id, "pause": True}), 400)


@pytest.mark.parametrize(
    "spoilt", [{"json": []}, {"timeout": 0}, {"timeout": "soon"}, {"orch_id": 3}, {"name": "two\nlines"}]
)
def test_what_makes_no_sense_is_refused(ada, order, spoilt):
    assert is_refused(ada.post("task/run_once", order | spoilt), 400)


def test_a_body_that_is_no_json_is_refused(ada):
    is_refused(
        ada.played.http.post("/v1/api/task/list", content=b"{", headers={"Authorization": f"Bearer {ada.token}"}), 400
    )


def test_what_an_interval_is_called(ada, played):
    task = make_task(played.deps, kind=TaskKind.RUN_SCHEDULED, every_seconds=90)
    assert ada.post("task/get_by_id", {"id": task.id}).json()["schedule"] == "every 90 s"
    assert reread(played.deps, task).schedule is None
