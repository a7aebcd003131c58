"""Orchestrations, tasks, runs and logs."""

import re

import pytest

from tests.builders import a_zip
from tests.vendor.conftest import rows_of

MAIN = "import json\nprint(json.load(open('arguments.json')))\n"
ALL = ["broken", "minutely", "nightly", "on and on", "once"]
LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z (stdout|stderr) F .*")


@pytest.fixture(scope="module")
def facts(vendor):
    hello = vendor.keep("hello.zip", a_zip({"main.py": MAIN, "requirements.txt": "", "data/": "", "data/x.json": "{}"}))
    bad = vendor.keep("bad.zip", a_zip({"../main.py": ""}))
    broken = vendor.keep("broken.zip", a_zip({"main.py": "raise SystemExit(3)\n"}))
    zips = {"HELLO_ZIP": str(hello), "BAD_ZIP": str(bad), "BROKEN_ZIP": str(broken)}
    return vendor.play("tasks", **vendor.admin(), **zips)


def test_an_upload_is_found_again(facts):
    assert facts["upload"]["status"] in ("pending_packaging", "packaging", "ready")
    assert facts["upload"]["file"] == "hello.zip"
    assert re.fullmatch("[0-9a-f]{64}", facts["upload"]["sha"])
    assert facts["unnamed"] == {"file": "_", "is_another": True}
    assert facts["orchestrations"] == ["hello", "bytes"]


def test_a_schedule_runs_by_itself(facts):
    assert facts["minutely"]["logs"][0].endswith(" stdout F {}")
    assert ["Last Run Status", "success"] in rows_of(facts["minutely"]["html"])


def test_a_continuous_task_that_does_not_stay_up_is_in_a_crash_loop(facts):
    assert facts["looping"]["runs"] >= 5
    assert ["Last Run Status", "failure"] in rows_of(facts["looping"]["html"])


def test_a_task_that_ran_once_stays_started_and_its_run_tells_the_rest(facts):
    once = facts["once"]
    assert (once["status"], once["failures"], once["limited"]) == ("started", 0, 1)
    assert once["last_log"][0].endswith(" stdout F {'dogs': [1, None, {'a': 'ü'}]}")
    assert once["last_log"] == once["logs"][-1:]
    assert all(LINE.fullmatch(line) for line in once["logs"])
    assert " stdout F macropod: " in once["logs"][0]


def test_schedules_and_continuous_tasks_are_started_paused_resumed_and_killed(facts):
    assert facts["scheduled"] == {"status": "started", "runs": 0}
    assert facts["found_again"] == "nightly"
    assert facts["continuous"] == "started"
    assert facts["paused"] == ["paused", "paused"]
    assert facts["resumed"] == ["started", "started"]
    assert set(facts["kill"]) <= {"pending_kill", "killed"}


def test_lists_are_in_the_order_the_vendor_has(facts):
    assert sorted(facts["listed"]) == sorted(facts["of_workspace"]) == ALL
    assert sorted(facts["of_one"]) == [name for name in ALL if name != "broken"]
    assert facts["changed"] == sorted(facts["changed"], reverse=True)
    assert facts["killed"] == [name for name in ALL if name != "once"]
    assert facts["all"] == ALL


def test_every_object_and_list_is_shown_in_a_notebook(facts):
    html = facts["html"]
    assert rows_of(html["orchestrations"])[0][1:4] == ["hello", "ready", "hello.zip"]
    tasks = {row[1]: row[2:6] for row in rows_of(html["tasks"])}
    assert tasks["once"] == ["success", "Temporary Run", "True", "-"]
    assert tasks["nightly"] == ["unknown", "Scheduled Run", "True", "0 2 * * *"]
    assert tasks["on and on"][1] == "Continuous Run"
    assert ["Status", "ready"] in rows_of(html["orchestration"])
    assert ["Last Run Status", "success"] in rows_of(html["task"])
    assert ["Status", "success"] in rows_of(html["run"])
    assert rows_of(html["runs"])[0][2] == "success"
    assert "dogs" in html["logs"]
    assert "no" in html["no runs"].lower()


def test_what_cannot_be_done_is_refused_with_a_reason_where_the_client_shows_one(facts):
    refused = facts["refused"]
    assert "five fields of cron" in refused["macro"]
    assert "61, which is out of range" in refused["cron"]
    assert "OrchestrationUploadFailed" in refused["zip"]
    assert "../main.py" in refused["zip"]
    assert "The field timeout is 0" in refused["timeout"]
    assert "Failed to send Pause request" in refused["pause"]
    assert "Failed to find Task ID" in refused["task"]
    assert "OrchestrationUploadFailed" in refused["broken"]
    assert refused["workspace"] == "Exception: Failed to find Tasks in workspace"
    assert refused["orchestrations"] == "Exception: Failed to list orchestrations"
