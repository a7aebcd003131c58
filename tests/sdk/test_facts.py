"""What a task or a run shows of itself: what was asked for and what it waits for, and nothing that was not."""

from typing import Any

import httpx2
import macropod
import pytest
from macropod import Run, Task
from macropod.patience import Clock

from tests.sdk_answers import WHEN, run_answer, task_answer
from tests.sdk_doubles import Wire, connect, ok, refused

CONNECTION = connect(Wire(refused(500, "error")))
QUEUED = run_answer(
    status="queued",
    reason=None,
    message=None,
    exit_code=None,
    started_at=None,
    ended_at=None,
    waiting_for="waiting for lock warehouse, held by run 7",
)


def facts(thing: Any) -> dict[str, str]:
    return dict(thing._facts())


def of_task(**changes: Any) -> dict[str, str]:
    return facts(Task(CONNECTION, task_answer(**changes)))


def of_run(**changes: Any) -> dict[str, str]:
    return facts(Run(CONNECTION, run_answer(**changes)))


def test_a_task_without_wishes_shows_none() -> None:
    asked_for = {"retries", "locks", "memory", "cpus", "grace", "jitter", "every", "debug", "health", "paused at"}
    assert asked_for & set(of_task()) == set()
    assert "overlap" not in of_task(kind="run_once", schedule=None)


@pytest.mark.parametrize(
    ("changes", "name", "value"),
    [
        ({"kind": "run_continuously", "health": "crash_loop"}, "health", "crash_loop"),
        ({"retries": 3, "retry_on": ["failure", "75"]}, "retries", "3, after 10 s, on failure, 75"),
        ({"retries": 3}, "retries", "3, after 10 s"),
        ({"every_seconds": 300}, "every", "300 s"),
        ({"starts_at": WHEN}, "starts at", "2026-01-02 03:04:05Z"),
        ({"ends_at": WHEN}, "ends at", "2026-01-02 03:04:05Z"),
        ({"excluded_dates": ["2026-12-25", "2026-12-26"]}, "not on", "2026-12-25, 2026-12-26"),
        ({"jitter_seconds": 60}, "jitter", "up to 60 s"),
        ({}, "missed ticks", "latest, 3600 s old at most"),
        ({"missed": "all"}, "missed ticks", "all, 100 at most"),
        ({"missed": "none"}, "missed ticks", "none"),
        ({"pause_after_failures": 3}, "pause after", "3 failures in a row"),
        ({"failures_in_a_row": 2}, "failures in a row", "2"),
        ({"grace_seconds": 0}, "grace", "0 s"),
        ({"queue_timeout_seconds": 60}, "queue timeout", "60 s"),
        ({"memory_bytes": 2**31}, "memory", "2 GiB"),
        ({"memory_bytes": 16_777_217}, "memory", "16,777,217 bytes"),
        ({"cpus": 0.5}, "cpus", "0.5"),
        ({"locks": ["a", "b"]}, "locks", "a, b"),
        ({"paused_at": WHEN, "paused_by": "laptop"}, "paused at", "2026-01-02 03:04:05Z by laptop"),
        ({"kill_asked_at": WHEN, "kill_asked_by": None}, "kill asked at", "2026-01-02 03:04:05Z"),
    ],
)
def test_a_task_shows_what_was_asked_for(changes: dict[str, Any], name: str, value: str) -> None:
    assert of_task(**changes)[name] == value


@pytest.mark.parametrize(
    ("changes", "name", "value"),
    [
        ({}, "cause", "ordered, asked for by laptop"),
        ({"cause": "schedule", "requested_by": None}, "cause", "schedule"),
        ({"first_run_id": "first"}, "first attempt", "first"),
        ({"rerun_of": "old"}, "rerun of", "old"),
        ({"waiting_for": "waiting for its turn"}, "waiting for", "waiting for its turn"),
        ({"stop_requested_by": "laptop"}, "stopped by", "laptop"),
        ({"image": "sha256:f"}, "image", "sha256:f"),
        ({"cpu_seconds": 0.0365123}, "CPU time", "0.037 s"),
    ],
)
def test_a_run_shows_where_it_comes_from(changes: dict[str, Any], name: str, value: str) -> None:
    assert of_run(**changes)[name] == value


def test_a_run_shows_nothing_that_is_not_so() -> None:
    assert {"waiting for", "first attempt", "rerun of", "stopped by", "image"} & set(of_run()) == set()


def test_a_notebook_shows_what_a_run_waits_for_in_the_list() -> None:
    shown = macropod.RunList([Run(CONNECTION, QUEUED)])._repr_html_()
    assert "<td>queued<br>waiting for lock warehouse, held by run 7</td>" in shown


@pytest.mark.parametrize("way", ["wait", "follow"])
def test_who_waits_at_a_terminal_is_told_what_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], way: str
) -> None:
    """The clock is a real one: the line beside the spinner is drawn a few times a second."""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "200")
    ended = ok(run_answer())
    steps = [*[ok(QUEUED)] * 5, ended, httpx2.Response(200, content=b"event: end\ndata: %s\n\n" % ended.content)]
    run = Run(connect(Wire(*steps), clock=Clock()), QUEUED)
    list(run.follow()) if way == "follow" else run.wait()
    assert "queued, waiting for lock warehouse, held by run 7" in capsys.readouterr().err
    assert run.has_ended


def test_a_rerun_tells_what_is_not_the_same() -> None:
    wire = Wire(ok({"run": run_answer(id="new", rerun_of="old"), "differences": ["The image is another."]}))
    made = Run(connect(wire), run_answer(id="old")).rerun()
    assert (made.id, made.rerun_of, made.differences) == ("new", "old", ("The image is another.",))
    assert facts(made)["not the same"] == "The image is another."
    assert wire.requests[0].url.path == "/v1/runs/old/rerun"
    assert wire.requests[0].headers["idempotency-key"]


def test_a_kill_answers_with_the_status_at_once() -> None:
    wire = Wire(ok(run_answer(id="old", status="running", ended_at=None)))
    assert Run(connect(wire), run_answer(id="old", status="running")).kill() == "running"
    assert (wire.requests[0].method, wire.requests[0].url.path) == ("POST", "/v1/runs/old/kill")
