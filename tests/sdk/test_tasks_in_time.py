"""What a task's schedule came to: pause and resume, run now, ticks, backfill and cadence, on the real application."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import macropod
import pytest
from macropod_server.flows.enqueue_due import enqueue_due

from tests.builders import NOON
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


ASKED: dict[str, Any] = {
    "timezone": "Europe/Berlin",
    "starts_at": datetime(2026, 3, 3, tzinfo=UTC),
    "ends_at": datetime(2026, 4, 3, tzinfo=UTC),
    "overlap": "queue_one",
    "missed": "all",
    "missed_cap": 5,
    "pause_after_failures": 3,
    "retries": 2,
    "cpus": 0.5,
    "pids": 64,
    "locks": ["warehouse"],
    "debug": True,
}
ASKED_IN_OTHER_WORDS: dict[str, tuple[Any, str, Any]] = {
    "schedule": (["0 2 * * *", "0 14 * * *"], "schedule", "0 2 * * *; 0 14 * * *"),
    "exclude": ([date(2026, 3, 5)], "excluded_dates", [date(2026, 3, 5)]),
    "jitter": (60, "jitter_seconds", 60),
    "missed_window": (60, "missed_window_seconds", 60),
    "retry_on": (["lost", 75], "retry_on", ["lost", "75"]),
    "retry_delay": (5, "retry_delay_seconds", 5),
    "start_timeout": (30, "start_timeout_seconds", 30),
    "queue_timeout": (timedelta(minutes=10), "queue_timeout_seconds", 600),
    "silence_timeout": (60, "silence_timeout_seconds", 60),
    "grace": (5, "grace_seconds", 5),
    "memory": ("256MiB", "memory_bytes", 256 * 2**20),
}


def test_every_option_comes_back_as_a_fact(orchestration: macropod.Orchestration) -> None:
    translated = {name: asked for name, (asked, _, _) in ASKED_IN_OTHER_WORDS.items()}
    task = orchestration.run_scheduled("all", **ASKED, **translated)
    expected = ASKED | {fact: value for _, fact, value in ASKED_IN_OTHER_WORDS.values()}
    assert {name: getattr(task, name) for name in expected} == expected


def test_a_task_may_be_due_at_equal_distances(orchestration: macropod.Orchestration) -> None:
    task = orchestration.run_scheduled("often", every=timedelta(minutes=5), starts_at=NOON)
    assert (task.schedule, task.every_seconds) == (None, 300)
    assert task.next_due_at is not None
    assert (task.next_due_at - NOON) % timedelta(minutes=5) == timedelta()


def test_a_continuous_task_runs_at_once_and_is_shown_as_one(
    server: PlayedServer, orchestration: macropod.Orchestration
) -> None:
    task = orchestration.run_continuously(name="always", json_args={}, debug=False)
    assert (task.type, task.health, task.active) == ("Continuous Run", "healthy", True)
    playing = server.start()
    assert [run.id for run in task.last_runs()] == [playing.id]
    playing.ends()
    task.kill()


def test_a_paused_task_starts_nothing_until_it_is_resumed(server: PlayedServer, hourly: macropod.Task) -> None:
    assert hourly.pause("the warehouse is closed") == "paused"
    assert (hourly.paused_by, hourly.pause_reason, hourly.paused_at) == (
        "admin@localhost",
        "the warehouse is closed",
        NOON,
    )
    hours_pass(server, 2)
    assert hourly.last_runs() == []
    assert [(each.outcome, each.run_id) for each in hourly.ticks()] == [("paused", None)] * 2
    assert "the warehouse is closed" in (hourly.ticks(limit=1)[0].reason or "")
    assert hourly.resume() == "started"
    assert hourly.paused_at is None
    assert len(hourly.last_runs()) == 1


def test_a_task_is_run_now_unless_a_run_is_in_the_way(server: PlayedServer, hourly: macropod.Task) -> None:
    run = hourly.run()
    assert (run.status(), run.cause, run.requested_by, run.due_at) == ("queued", "ordered", "admin@localhost", None)
    with pytest.raises(macropod.Conflict, match="not over yet"):
        hourly.run()
    assert hourly.last_runs() == [run]


def test_every_tick_is_told_with_its_outcome(server: PlayedServer, hourly: macropod.Task) -> None:
    hours_pass(server, 2)
    newest, oldest = hourly.ticks()
    [run] = hourly.last_runs()
    assert (oldest.outcome, oldest.run_id, oldest.reason) == ("started", run.id, None)
    assert (newest.outcome, newest.run_id, newest.due_at) == ("skipped", run.id, NOON + timedelta(hours=2))
    assert hourly.ticks("skipped") == hourly.ticks(outcome="skipped", limit=5) == [newest]
    assert hourly.ticks(limit=1) == [newest]
    assert newest.to_dict()["due_at"] == newest.id == "2026-03-02T14:00:00+00:00"


def test_moments_without_a_run_are_made_up_for(orchestration: macropod.Orchestration) -> None:
    hourly = orchestration.run_scheduled("hourly", "@hourly", overlap="queue_all")
    filled = hourly.backfill(NOON - timedelta(hours=3), NOON)
    assert [each.due_at.hour for each in filled] == [9, 10, 11, 12]
    assert {each.outcome for each in filled} == {"started"}
    assert {run.cause for run in hourly.last_runs()} == {"backfill"}
    assert hourly.backfill(NOON - timedelta(hours=3), NOON) == []


@pytest.mark.parametrize("span", [("2026-01-01", NOON), (NOON, None), (NOON, datetime(2026, 1, 1))])
def test_a_span_of_anything_but_aware_moments_is_refused(hourly: macropod.Task, span: tuple[object, object]) -> None:
    with pytest.raises(macropod.Invalid, match=r"start|end"):
        hourly.backfill(*span)  # type: ignore[arg-type]


def test_the_cadence_of_a_task_says_how_it_kept_its_schedule(server: PlayedServer, hourly: macropod.Task) -> None:
    assert hourly.cadence().drift == "No tick was due."
    hours_pass(server, 4)
    cadence = hourly.cadence(days=1)
    assert (cadence.ticks, cadence.outcomes["started"], cadence.outcomes["skipped"]) == (4, 1, 3)
    assert (cadence.started_share, cadence.skipped_share) == (0.25, 0.75)
    assert cadence.decided_late_seconds["worst"] == 0
    names = [name for name, _ in cadence._facts()]
    assert len(names) == len(set(names))
    shown = cadence._repr_html_()
    assert all(text in shown for text in (cadence.drift, "75.0%", "worst 0 s"))


def test_a_workspace_is_paused_and_resumed_as_a_whole(
    server: PlayedServer, client: macropod.Client, hourly: macropod.Task
) -> None:
    assert (client.workspace().name, client.workspace().paused_at) == ("default", None)
    paused = client.pause_all("maintenance")
    assert (paused.paused_by, paused.pause_reason, paused.paused_at) == ("admin@localhost", "maintenance", NOON)
    assert client.workspace() == paused
    hours_pass(server, 1)
    assert hourly.last_runs() == []
    assert client.resume_all(spread=timedelta(seconds=0)).paused_at is None
    assert len(hourly.last_runs()) == 1


@pytest.mark.parametrize("spread", [-1, "60", 1.5])
def test_a_spread_that_is_no_span_is_refused(client: macropod.Client, spread: object) -> None:
    with pytest.raises(macropod.Invalid, match="spread is"):
        client.resume_all(spread)  # type: ignore[arg-type]
