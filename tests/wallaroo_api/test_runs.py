"""Runs and their logs."""

import pytest
from macropod_server.domain.lines import Stream

from tests.clockwork import minutes_pass
from tests.wallaroo_api.conftest import is_refused

ENDS = {
    "completed": "success",
    "exit_code": "failure",
    "time_limit": "timed_out",
}


@pytest.fixture
def minutely(ada, orchestration_id):
    facts = {"orch_id": orchestration_id, "workspace_id": 1, "name": "often", "json": {}}
    return ada.made("task/run_scheduled", **facts, schedule="* * * * *")


def test_runs_are_listed_newest_first_and_by_status(ada, played, minutely):
    for reason in ENDS:
        minutes_pass(played.deps, 1)
        played.start().ends(reason)
    minutes_pass(played.deps, 1)
    played.start()

    def statuses(**wish):
        return [each["status"] for each in ada.post("task/list_task_runs", {"task_id": minutely, **wish}).json()]

    assert statuses() == statuses(limit=None, status=None) == ["running", "timed_out", "failure", "success"]
    assert statuses(limit=2) == ["running", "timed_out"]
    assert statuses(status="all") == statuses()
    for status in statuses():
        assert statuses(status=status) == [status]
    assert ada.post("task/list_task_runs", {"task_id": minutely}).json()[0].keys() == {
        "task", "run_id", "status", "created_at", "updated_at",
    }  # fmt: skip


def test_ten_runs_are_told_unless_more_are_asked_for(ada, played, minutely):
    for _ in range(12):
        minutes_pass(played.deps, 1)
        played.start().ends()
    assert len(ada.post("task/list_task_runs", {"task_id": minutely}).json()) == 10
    assert len(ada.post("task/list_task_runs", {"task_id": minutely, "limit": 12}).json()) == 12


def test_a_run_is_told_with_its_status(ada, played, task_id):
    run = played.start()
    wish = {"pod_id": run.id, "task": task_id}
    assert ada.post("task/get_run_details", wish).json()["status"] == "running"
    is_refused(ada.post("task/get_run_details", wish | {"task": "another"}), 404)


def test_a_run_that_waits_has_no_details_yet(ada, played, task_id):
    (run,) = played.http.get(f"/v1/runs?task_id={task_id}", headers={"Authorization": f"Bearer {ada.token}"}).json()[
        "items"
    ]
    is_refused(ada.post("task/get_run_details", {"pod_id": run["id"], "task": task_id}), 404)


def test_lines_are_told_as_the_log_of_a_container_has_them(ada, played, task_id):
    run = played.start()
    assert ada.post("task/get_logs_for_run", {"id": run.id}).json() == {"logs": []}
    run.prints("hello", "", " two  spaces ")
    run.prints("oh", stream=Stream.STDERR)
    run.prints("A note.", stream=Stream.SYSTEM)
    logs = ada.post("task/get_logs_for_run", {"id": run.id, "lines": None}).json()["logs"]
    assert [line.partition(" ")[2] for line in logs] == [
        "stdout F hello",
        "stdout F ",
        "stdout F  two  spaces ",
        "stderr F oh",
        "stdout F macropod: A note.",
    ]
    assert logs[0].startswith("2026-01-02T12:00:00.000000Z ")
    assert ada.post("task/get_logs_for_run", {"id": run.id, "lines": 2}).json()["logs"] == logs[-2:]
    assert ada.post("task/get_logs_for_run", {"id": run.id, "lines": 0}).json()["logs"] == []


def test_a_log_too_long_for_one_answer_says_what_is_left_out(ada, played, task_id, monkeypatch):
    from macropod_server.wallaroo_api import runs

    monkeypatch.setattr(runs, "_MOST_LINES", 3)
    run = played.start()
    run.prints(*"12345")
    logs = ada.post("task/get_logs_for_run", {"id": run.id}).json()["logs"]
    assert "macropod: The 2 lines before these are not told here" in logs[0]
    assert [line[-1] for line in logs[1:]] == ["3", "4", "5"]
    assert len(ada.post("task/get_logs_for_run", {"id": run.id, "lines": 3}).json()["logs"]) == 3


def test_an_unknown_filter_is_refused(ada, task_id):
    is_refused(ada.post("task/list_task_runs", {"task_id": task_id, "status": "lost"}), 400)
