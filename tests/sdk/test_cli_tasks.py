"""Commands that make tasks with options, steer them and tell of their ticks, on the real application."""

import json
from pathlib import Path
from typing import Any

import macropod
import pytest
from macropod_server.flows.enqueue_due import enqueue_due

from tests.sdk_calls import Call
from tests.sdk_server import PlayedServer


@pytest.fixture
def orchestration(client: macropod.Client, hello: Path) -> macropod.Orchestration:
    return client.upload_orchestration(hello, name="hello")


@pytest.fixture
def hourly(orchestration: macropod.Orchestration) -> macropod.Task:
    return orchestration.run_scheduled("hourly", "@hourly", overlap="skip")


def hours_pass(server: PlayedServer, count: int) -> None:
    for _ in range(count):
        server.clock.advance(hours=1)
        enqueue_due(server.deps)


def answer(call: Call, *arguments: object) -> Any:
    code, out, err = call(*arguments, "-o", "json")
    assert code == 0, err
    return json.loads(out)


def test_options_of_every_task_are_options_of_the_command(call: Call, orchestration: macropod.Orchestration) -> None:
    options = "--debug --retries 3 --retry-on failure --retry-on 75 --retry-delay 0 --start-timeout 30s --queue-timeout"
    more = "10m --silence-timeout 1h --grace 5 --cpus 0.5 --memory 256MiB --pids 64 --lock warehouse --lock press"
    task = answer(call, "task", "run-once", orchestration.id, "--name", "x", *options.split(), *more.split())
    expected = {
        "debug": True,
        "retries": 3,
        "retry_on": ["75", "failure"],
        "retry_delay_seconds": 0,
        "start_timeout_seconds": 30,
        "queue_timeout_seconds": 600,
        "silence_timeout_seconds": 3600,
        "grace_seconds": 5,
        "cpus": 0.5,
        "memory_bytes": 256 * 2**20,
        "pids": 64,
        "locks": ["press", "warehouse"],
    }
    assert {name: sorted(task[name]) if name == "retry_on" else task[name] for name in expected} == expected


def test_a_schedule_may_have_several_texts_and_bounds(call: Call, orchestration: macropod.Orchestration) -> None:
    bounds = "--start 2026-03-03T00:00Z --end 2026-04-01 --exclude 2026-03-05 --exclude 2026-03-06 --jitter 1m"
    policies = "--overlap queue_one --missed all --missed-window 2h --missed-cap 5 --pause-after-failures 3"
    schedules = ("0 2 * * *", "0 14 * * *")
    named = ("task", "schedule", orchestration.id, *schedules, "--name", "x")
    task = answer(call, *named, *bounds.split(), *policies.split())
    expected = {
        "schedule": "0 2 * * *; 0 14 * * *",
        "excluded_dates": ["2026-03-05", "2026-03-06"],
        "jitter_seconds": 60,
        "overlap": "queue_one",
        "missed": "all",
        "missed_window_seconds": 7200,
        "missed_cap": 5,
        "pause_after_failures": 3,
    }
    assert {name: task[name] for name in expected} == expected
    assert (task["starts_at"][:10], task["ends_at"][:10]) == ("2026-03-03", "2026-04-01")


def test_a_task_may_be_due_at_equal_distances_or_run_continuously(
    call: Call, orchestration: macropod.Orchestration
) -> None:
    often = answer(call, "task", "schedule", orchestration.id, "--every", "5m", "--name", "often")
    assert (often["schedule"], often["every_seconds"]) == (None, 300)
    always = answer(call, "task", "run-continuously", orchestration.id, "--name", "always", "--grace", 1)
    assert (always["kind"], always["grace_seconds"], always["debug"]) == ("run_continuously", 1, False)
    out = call("task", "list")[1]
    assert "every 300 s" in out
    assert "Continuous Run" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("task", "schedule", "id", "--name", "x"), "Give either SCHEDULE or --every."),
        (("task", "schedule", "id", "@daily", "--every", "5m", "--name", "x"), "Give either SCHEDULE or --every."),
        (("schedule", "preview"), "Give either SCHEDULE or --every."),
        (("task", "run-once", "id", "--name", "x", "--memory", "2G"), "'2G' is no size; it takes bytes, or 512MiB"),
        (("task", "run-once", "id", "--name", "x", "--retries", "-1"), "--retries"),
        (("task", "run-once", "id", "--name", "x", "--overlap", "skip"), "No such option"),
        (("task", "schedule", "id", "@daily", "--name", "x", "--exclude", "x"), "'x' is not a date such as 2026-12-25"),
        (("task", "schedule", "id", "@daily", "--name", "x", "--overlap", "x"), "'queue_one'"),
        (("task", "run", "id", "--wait-timeout", "5"), "give --wait or --follow too"),
        (("task", "backfill", "id", "--from", "1h"), "--to"),
        (("task", "ticks", "id", "--outcome", "x"), "'started'"),
        (("events", "--follow", "-o", "json"), "use jsonl"),
        (("pool", "set", "press", "0"), "SIZE"),
    ],
)
def test_wrong_usage_says_what_is_taken_instead(call: Call, arguments: tuple[str, ...], said: str) -> None:
    code, out, err = call(*arguments)
    assert (code, out) == (2, "")
    assert said in err


def test_the_help_shows_options_in_groups(call: Call) -> None:
    code, out, _ = call("task", "schedule", "--help")
    heads = [line for line in out.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert code == 0
    assert heads[:3] == ["Arguments:", "Options:", "Further attempts:"]
    assert heads[-1] == "Ticks that are late or in the way of others:"
    assert out.index("Bounds of the schedule:") < out.index("--every") < out.index("--overlap")


def test_a_task_is_paused_with_a_reason_and_resumed(call: Call, hourly: macropod.Task) -> None:
    paused = answer(call, "task", "pause", hourly.id, "--reason", "closed")
    assert (paused["status"], paused["pause_reason"]) == ("paused", "closed")
    shown = call("task", "show", hourly.id)[1]
    assert "by admin@localhost" in shown
    assert "closed" in shown
    assert answer(call, "task", "resume", hourly.id)["status"] == "started"


def test_a_task_is_run_now_unless_a_run_is_in_the_way(call: Call, hourly: macropod.Task) -> None:
    run = answer(call, "task", "run", hourly.id)
    assert (run["cause"], run["requested_by"]) == ("ordered", "admin@localhost")
    code, out, err = call("task", "run", hourly.id)
    assert (code, out) == (1, "")
    assert "not over yet" in err


def test_a_run_that_was_asked_for_may_be_waited_for(call: Call, orchestration: macropod.Orchestration) -> None:
    task = orchestration.run_scheduled("daily", "@daily")
    code, out, err = call("task", "run", task.id, "--wait", "--wait-timeout", "0.2")
    assert (code, out) == (4, "")
    assert f"Made run {task.last_runs()[0].id}." in err


def test_ticks_are_listed_filtered_and_made_up_for(server: PlayedServer, call: Call, hourly: macropod.Task) -> None:
    hours_pass(server, 2)
    skipped, started = answer(call, "task", "ticks", hourly.id)
    assert (skipped["outcome"], started["outcome"]) == ("skipped", "started")
    assert call("task", "ticks", hourly.id, "--outcome", "skipped", "-o", "name")[1] == "2026-03-02T14:00:00+00:00\n"
    table = call("task", "ticks", hourly.id)[1]
    assert "was not over yet" in table
    assert started["run_id"] in table
    [filled] = answer(call, "task", "backfill", hourly.id, "--from", "2026-03-02T10:30Z", "--to", "2026-03-02T11:30Z")
    assert (filled["due_at"], filled["outcome"]) == ("2026-03-02T11:00:00+00:00", "started")
    cadence = answer(call, "task", "cadence", hourly.id, "--days", 1)
    assert cadence["skipped_share"] > 0
    assert cadence["drift"] in call("task", "cadence", hourly.id)[1]


def test_a_workspace_is_shown_paused_and_resumed(call: Call) -> None:
    assert answer(call, "workspace", "show")["paused_at"] is None
    assert answer(call, "workspace", "pause", "--reason", "works")["pause_reason"] == "works"
    assert "works" in call("workspace", "show")[1]
    assert answer(call, "workspace", "resume", "--spread", "0")["paused_at"] is None
    assert answer(call, "workspace", "resume")["paused_at"] is None


def test_events_are_listed_after_a_number(
    server: PlayedServer, call: Call, orchestration: macropod.Orchestration
) -> None:
    orchestration.run_once("greet")
    server.start().ends()
    [event] = answer(call, "events")
    assert (event["kind"], event["facts"]["status"]) == ("run_ended", "success")
    assert call("events", "-o", "name")[1] == f"{event['id']}\n"
    assert "greet" in call("events")[1]
    assert answer(call, "events", "--after", event["id"]) == []


def test_a_preview_takes_bounds_and_distances(call: Call) -> None:
    options = "--every 6h --start 2026-03-27T01:00Z --end 2026-03-28T00:00Z --after 2026-03-27T00:00Z -o name"
    code, out, err = call("schedule", "preview", *options.split())
    assert (code, [line[11:13] for line in out.splitlines()]) == (0, ["01", "07", "13", "19"])
    assert "Every 21600 s in UTC" in err
    several = call(
        "schedule",
        "preview",
        "0 2 * * *",
        "0 14 * * *",
        "--exclude",
        "2026-03-27",
        "-o",
        "name",
        "--after",
        "2026-03-26T12:00Z",
    )
    assert [line[5:13] for line in several[1].splitlines()][:2] == ["03-26T14", "03-28T02"]
