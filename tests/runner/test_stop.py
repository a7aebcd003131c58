"""How a run is ended before its time, and everything it started with it."""

import os
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.runner.runner_process import RunnerProcess, run
from tests.runner.server_double import ServerDouble

IGNORES_TERM = """
import signal, time
signal.signal(signal.SIGTERM, lambda *_: print("heard"))
print("begun")
while True: time.sleep(0.01)
"""
OBEYS_TERM = """
import signal, sys, time
def obey(*_):
    print("last words")
    sys.exit(7)
signal.signal(signal.SIGTERM, obey)
print("begun")
while True: time.sleep(0.01)
"""
RUNAWAYS = """
import os, subprocess, sys, time
def far_away(work):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            work()
        os._exit(0)
    os.wait()
def deaf():
    import signal
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("deaf", os.getpid())
    time.sleep(1000)
def silent():
    print("silent", os.getpid())
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2): os.dup2(null, descriptor)
    time.sleep(1000)
far_away(deaf)
far_away(silent)
time.sleep(0.3)
print("begun")
"""


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0] != "Z"


def pids_told(server: ServerDouble) -> list[int]:
    return [int(text.split()[1]) for text in server.texts if text.split()[0] in ("deaf", "silent")]


def test_a_kill_ends_main_py_and_its_last_words_arrive(tmp_path: Path) -> None:
    with ServerDouble({"main.py": OBEYS_TERM}) as server, RunnerProcess(server, tmp_path) as runner:
        server.await_line("begun")
        server.kill()
        assert runner.wait() == 0
    assert server.texts == ["begun", "last words"]
    assert (server.end["reason"], server.end["exit_code"]) == ("kill_requested", 7)
    assert server.end["message"] == "The run was stopped because somebody asked for it."


def test_who_ignores_term_is_killed_after_the_grace(tmp_path: Path) -> None:
    with ServerDouble({"main.py": IGNORES_TERM}, grace_seconds=0.5) as server:
        with RunnerProcess(server, tmp_path) as runner:
            server.await_line("begun")
            server.kill()
            began = time.monotonic()
            assert runner.wait() == 0
        assert time.monotonic() - began > 0.5
    assert server.texts == ["begun", "heard"]
    assert (server.end["reason"], server.end["signal"]) == ("kill_requested", "SIGKILL")


def test_a_kill_before_main_py_started_starts_nothing(tmp_path: Path) -> None:
    with ServerDouble({"main.py": "print('never')"}) as server:
        server.gives_the_bundle.clear()
        with RunnerProcess(server, tmp_path) as runner:
            server.kill()
            server.await_call("beat", count=2)
            server.gives_the_bundle.set()
            assert runner.wait() == 0
    assert (server.end["reason"], server.end["exit_code"], server.texts) == ("kill_requested", None, [])


def test_term_to_a_runner_that_still_awaits_the_server_is_reported(tmp_path: Path) -> None:
    with ServerDouble({"main.py": "print('never')"}) as server:
        server.is_away = True
        with RunnerProcess(server, tmp_path) as runner:
            server.await_call("spec", count=2)
            runner.terminate()
            server.await_call("end")
            server.is_away = False
            assert runner.wait() == 0
    assert (server.end["reason"], server.end["lines"], server.texts) == ("evicted", 0, [])


def test_the_time_limit_is_kept(tmp_path: Path) -> None:
    with ServerDouble({"main.py": IGNORES_TERM}, grace_seconds=0.2, timeout_seconds=1) as server:
        began = time.monotonic()
        assert run(server, tmp_path) == 0
        assert 1.2 < time.monotonic() - began < 10
    assert server.end["reason"] == "time_limit"
    assert server.end["message"] == "The run reached its time limit of 1 s and was stopped."
    assert server.end["signal"] == "SIGKILL"


def test_a_run_within_its_time_limit_is_left_alone(tmp_path: Path) -> None:
    with ServerDouble({"main.py": "print('quick')"}, timeout_seconds=60) as server:
        assert run(server, tmp_path) == 0
    assert server.end["reason"] == "completed"


def test_term_to_the_runner_stops_main_py_and_is_reported(tmp_path: Path) -> None:
    with ServerDouble({"main.py": OBEYS_TERM}) as server, RunnerProcess(server, tmp_path) as runner:
        server.await_line("begun")
        runner.terminate()
        assert runner.wait() == 0
    assert server.texts == ["begun", "last words"]
    assert server.end["reason"] == "evicted"
    assert server.end["message"] == (
        "The container of the run was told from outside to stop; Macropod had not asked for that."
    )


def test_too_much_memory_in_one_process_ends_the_run(tmp_path: Path) -> None:
    main = "import time; print('begun'); block = bytearray(300_000_000); time.sleep(60)"
    with ServerDouble({"main.py": main}, memory_bytes=128 * 1024**2) as server:
        assert run(server, tmp_path) == 0
    assert (server.end["reason"], server.end["signal"]) == ("out_of_memory", "SIGKILL")
    assert server.end["message"] == "The run needed more memory than its limit of 128 MiB and was stopped."
    assert server.texts == ["begun"]


def test_too_much_memory_in_a_child_ends_the_run(tmp_path: Path) -> None:
    main = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'b = bytearray(300_000_000); input()'])"
    main = main.replace("input()", "import time; time.sleep(60)")
    with ServerDouble({"main.py": main}, memory_bytes=128 * 1024**2) as server:
        assert run(server, tmp_path) == 0
    assert server.end["reason"] == "out_of_memory"


def test_memory_that_processes_share_counts_once(tmp_path: Path) -> None:
    main = """
import os, time
block = bytearray(os.urandom(1_000_000)) * 80
for _ in range(4):
    if os.fork() == 0:
        time.sleep(0.5)
        os._exit(0)
for _ in range(4):
    os.wait()
"""
    with ServerDouble({"main.py": main}, memory_bytes=200 * 1024**2) as server:
        assert run(server, tmp_path) == 0
    assert server.end["reason"] == "completed"


def test_processes_that_forked_far_away_are_ended_with_main_py(tmp_path: Path) -> None:
    with ServerDouble({"main.py": RUNAWAYS}, grace_seconds=0.3) as server:
        began = time.monotonic()
        assert run(server, tmp_path) == 0
        assert time.monotonic() - began < 15
    assert server.end["reason"] == "completed"
    assert len(pids_told(server)) == 2
    assert not any(map(is_alive, pids_told(server)))


def test_a_kill_reaches_processes_that_forked_far_away(tmp_path: Path) -> None:
    main = RUNAWAYS + "time.sleep(1000)\n"
    with ServerDouble({"main.py": main}, grace_seconds=0.3) as server, RunnerProcess(server, tmp_path) as runner:
        server.await_line("begun")
        server.kill()
        assert runner.wait() == 0
    assert server.end["reason"] == "kill_requested"
    assert len(pids_told(server)) == 2
    assert not any(map(is_alive, pids_told(server)))


@pytest.mark.parametrize("keeps_writing", [False, True])
def test_a_stranger_that_holds_the_pipe_does_not_hold_the_run_open(tmp_path: Path, keeps_writing: bool) -> None:
    main = "import os, time; print(os.getpid())\nwhile not os.path.exists('given'): time.sleep(0.01)"
    with ServerDouble({"main.py": main}) as server, RunnerProcess(server, tmp_path) as runner:
        server.await_lines(1)
        pipe = os.open(f"/proc/{server.texts[0]}/fd/1", os.O_WRONLY)
        if keeps_writing:
            threading.Thread(target=write_for_ever, args=(pipe,), daemon=True).start()
        (runner.home / "given").touch()
        assert runner.wait(seconds=10) == 0
        os.close(pipe)
    assert server.end["reason"] == "completed"


def write_for_ever(pipe: int) -> None:
    with suppress(OSError):
        while True:
            os.write(pipe, b"still here\n" * 100)
