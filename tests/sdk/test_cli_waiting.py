"""Commands that wait: never longer than was said, and Ctrl-C leaves the run alone."""

import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import macropod
import pytest
from macropod.cli.endings import followed

from tests.sdk_answers import line_answer, run_answer
from tests.sdk_calls import Call
from tests.sdk_doubles import Wire, connect, refused
from tests.sdk_server import PlayedServer

WAYS = ["--wait", "--follow"]


@pytest.fixture
def orchestration(client: macropod.Client, hello: Path) -> macropod.Orchestration:
    return client.upload_orchestration(hello, name="hello")


def while_running(act: Callable[[], object], *, when: Callable[[], object]) -> threading.Thread:
    """Act in a thread as soon as something is so."""

    def watch() -> None:
        while not when():
            time.sleep(0.01)
        act()

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


def press_ctrl_c() -> None:
    time.sleep(0.3)
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


@pytest.mark.parametrize("way", WAYS)
def test_waiting_and_following_for_too_long_exit_with_4(
    server: PlayedServer, call: Call, orchestration: macropod.Orchestration, way: str
) -> None:
    began = time.monotonic()
    code, out, err = call("task", "run-once", orchestration.id, "--name", "x", way, "--wait-timeout", "0.3s")
    assert (code, out) == (4, "")
    assert "did not end within 0.3 seconds. It is queued, about to be started" in err
    assert time.monotonic() - began < 5
    server.start().ends()


@pytest.mark.parametrize("way", WAYS)
def test_what_a_run_waits_for_is_told_once_without_a_terminal(
    server: PlayedServer, client: macropod.Client, call: Call, orchestration: macropod.Orchestration, way: str
) -> None:
    client.pause_all()
    code, out, err = call("task", "run-once", orchestration.id, "--name", "x", way, "--wait-timeout", "1s")
    [run] = orchestration.list_tasks()[0].last_runs()
    assert (code, out) == (4, "")
    assert err.splitlines().count(f"Run {run.id}: queued, the workspace is paused") == 1
    assert "did not end within 1 seconds. It is queued, the workspace is paused" in err
    client.resume_all(spread=0)
    server.start().ends()


@pytest.mark.parametrize("command", ["task run-once --wait", "task run-once --follow", "run wait", "run logs -f"])
def test_an_interrupted_command_says_that_the_run_goes_on(
    server: PlayedServer, call: Call, orchestration: macropod.Orchestration, command: str
) -> None:
    noun, verb, *options = command.split()
    if noun == "run":
        orchestration.run_once("x")
        [run] = orchestration.list_tasks()[0].last_runs()
        subject: list[str] = [run.id]
    else:
        subject = [orchestration.id, "--name", "x"]
    interrupter = while_running(press_ctrl_c, when=orchestration.list_tasks)
    code, out, err = call(noun, verb, *subject, *options)
    interrupter.join()
    [task] = orchestration.list_tasks()
    [run] = task.last_runs()
    assert (code, out) == (130, "")
    assert f"Run {run.id} goes on. To follow it again: macropod run logs {run.id} -f" in err
    assert f"macropod task kill {task.id}" in err
    server.start().ends()


def test_events_are_followed_until_ctrl_c(
    server: PlayedServer, call: Call, orchestration: macropod.Orchestration
) -> None:
    orchestration.run_once("x")
    server.start().ends()
    interrupter = while_running(press_ctrl_c, when=lambda: True)
    code, out, _ = call("events", "--follow", "-o", "name")
    interrupter.join()
    assert (code, out) == (130, "1\n")


def test_lines_that_never_pause_end_in_time_too() -> None:
    class Endless(macropod.Run):
        def follow(self, **_: object):  # type: ignore[no-untyped-def, override]
            while True:
                yield macropod.LogLine._read(line_answer(1))

    run = Endless(connect(Wire(refused(500, "error"))), run_answer())
    with pytest.raises(macropod.WaitTimeout, match=r"within 0\.1 seconds"):
        for _ in followed(run, seconds=0.1):
            pass


def test_an_error_of_the_log_that_is_followed_is_not_lost() -> None:
    run = macropod.Run(connect(Wire(refused(401, "unauthorized"))), run_answer(status="running"))
    with pytest.raises(macropod.Unauthorized):
        list(followed(run, seconds=10))
