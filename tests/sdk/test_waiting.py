"""Waiting asks again until it is so, never longer than was said."""

from datetime import timedelta
from typing import Any

import httpx2
import pytest
from macropod import Conflict, ConnectionFailed, LogLine, Orchestration, PackagingFailed, Run, Task, WaitTimeout

from tests.sdk_answers import line_answer, orchestration_answer, run_answer, task_answer
from tests.sdk_doubles import PatientClock, Wire, connect, refused

GOING_ON = run_answer(status="running", reason=None, message=None, exit_code=None, ended_at=None)


def ok(body: dict[str, Any]) -> httpx2.Response:
    return httpx2.Response(200, json=body)


def test_a_run_is_waited_for_until_it_has_ended() -> None:
    wire = Wire(ok(GOING_ON), ok(GOING_ON), ok(run_answer(status="failure", exit_code=3)))
    run = Run(connect(wire), GOING_ON)
    assert run.wait() is run
    assert run.exit_code == 3
    assert len(wire.requests) == 3


def test_a_run_that_had_ended_is_not_asked_for_again() -> None:
    wire = Wire(ok(GOING_ON))
    Run(connect(wire), run_answer()).wait()
    assert wire.requests == []


@pytest.mark.parametrize("timeout", [60, timedelta(minutes=1)])
def test_waiting_ends_when_its_time_is_up(timeout: float | timedelta) -> None:
    clock = PatientClock()
    with pytest.raises(WaitTimeout, match=r"within 60 seconds"):
        Run(connect(Wire(ok(GOING_ON)), clock=clock), GOING_ON).wait(timeout)
    assert clock.now() == pytest.approx(60)


def test_words_of_the_log_that_the_message_took_are_not_told_again() -> None:
    lines = ["  × No solution found when resolving dependencies:", "  ╰─▶ Because x was not found,", "hint: a typo?"]
    message = "No solution found when resolving dependencies: Because x was not found, it cannot be."
    raised = PackagingFailed(message, log=[LogLine._read(line_answer(1, each)) for each in lines])
    assert str(raised) == f"{message}\n  hint: a typo?"


def test_what_is_waited_for_too_long_is_told_with_what_it_waits_for() -> None:
    queued = run_answer(status="queued", waiting_for="the task is paused", ended_at=None)
    waits: list[tuple[Any, ...]] = [
        (Run(connect(Wire(ok(queued))), queued), "did not end"),
        (Task(connect(Wire(ok({"items": [queued]}))), task_answer()), "did not finish a run"),
    ]
    for thing, what in waits:
        with pytest.raises(WaitTimeout, match=f"{what} within 9 seconds. It is queued, the task is paused; wait again"):
            thing.wait(9)


AWAY = [httpx2.ConnectError("refused"), refused(503, "unavailable"), httpx2.Response(502, text="<h1>nginx</h1>")]


@pytest.mark.parametrize("timeout", [None, 100])
@pytest.mark.parametrize("away", AWAY)
def test_a_server_that_restarts_is_waited_for(away: httpx2.Response | Exception, timeout: float | None) -> None:
    clock = PatientClock()

    def answer(request: httpx2.Request) -> httpx2.Response:
        if clock.now() > 50:
            return ok(run_answer())
        if isinstance(away, Exception):
            raise away
        return away

    assert Run(connect(Wire(answer), clock=clock), GOING_ON).wait(timeout).has_ended


@pytest.mark.parametrize("away", [*AWAY, refused(503, "unavailable", retry_after="25")])
def test_a_server_that_is_away_when_time_is_up_is_said_to_be(away: httpx2.Response | Exception) -> None:
    clock = PatientClock()
    wire = Wire(ok(GOING_ON), away)
    with pytest.raises(WaitTimeout, match=r"within 60 seconds. At last the server was away"):
        Run(connect(wire, clock=clock), GOING_ON).wait(60)
    assert clock.now() == pytest.approx(60)


def test_without_a_limit_a_server_that_stays_away_is_given_up_after_five_minutes() -> None:
    clock = PatientClock()
    with pytest.raises(ConnectionFailed):
        Orchestration(connect(Wire(AWAY[0]), clock=clock), orchestration_answer(status="packaging")).wait()
    assert 300 < clock.now() < 330


def test_a_task_is_waited_for_from_before_its_first_run_to_that_runs_end() -> None:
    none, going, ended = ({"items": runs} for runs in ([], [GOING_ON], [run_answer()]))
    wire = Wire(ok(none), ok(task_answer(status="pending")), ok(going), ok(ended))
    run = Task(connect(wire), task_answer()).wait()
    assert (run.id, run.status) == (run_answer()["id"], run.status)
    assert run.has_ended


def test_a_task_that_was_stopped_before_it_ran_is_not_waited_for() -> None:
    none, killed = {"items": []}, task_answer(status="killed", active=False)
    with pytest.raises(Conflict, match="never ran"):
        Task(connect(Wire(ok(none), ok(killed), ok(none))), task_answer()).wait()


def test_an_orchestration_is_waited_for_until_it_is_ready() -> None:
    states = [orchestration_answer(status=each) for each in ("pending_packaging", "packaging", "ready")]
    wire = Wire(*map(ok, states))
    orchestration = Orchestration(connect(wire), states[0])
    assert orchestration.wait() is orchestration
    assert len(wire.requests) == 3


def test_a_failed_packaging_is_told_with_the_last_words_of_its_log() -> None:
    failed = orchestration_answer(status="error", message="The requirements cannot be resolved.", packaging_run_id="p")
    lines = {
        "lines": [line_answer(1, "No solution found:"), line_answer(2, "no such package")],
        "next": 3,
        "ended": True,
    }
    wire = Wire(ok(failed), ok(run_answer(id="p", kind="packaging")), ok(lines))
    with pytest.raises(PackagingFailed) as raised:
        Orchestration(connect(wire), orchestration_answer(status="packaging")).wait()
    assert "The requirements cannot be resolved." in raised.value.message
    assert [each.text for each in raised.value.log] == ["No solution found:", "no such package"]
    assert str(raised.value).endswith("  No solution found:\n  no such package")
