"""Peak memory and CPU time are told of every run in which main.py began, however it ended."""

from pathlib import Path
from typing import Any

import pytest

from tests.runner.runner_process import RunnerProcess, run
from tests.runner.server_double import ServerDouble

MIB = 1024**2

USES = """
import signal, time
held = bytearray(b"x") * (40 * 1024**2)
began = time.process_time()
while time.process_time() - began < 0.2: pass
print("used")
"""
IN_A_CHILD = f"""
import subprocess, sys
subprocess.run([sys.executable, "-c", {USES!r}], check=True)
"""
WAITS = USES + "time.sleep(600)"
CLINGS = USES + "signal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(600)"


@pytest.mark.parametrize(
    ("main", "spec", "reason"),
    [
        (USES, {}, "completed"),
        (IN_A_CHILD, {}, "completed"),
        (USES + "1 / 0", {}, "exit_code"),
        (USES + "import os; os.kill(os.getpid(), 11)", {}, "signal"),
        (WAITS, {"timeout_seconds": 1}, "time_limit"),
        (CLINGS, {"timeout_seconds": 1, "grace_seconds": 0.2}, "time_limit"),
        (WAITS, {"silence_timeout_seconds": 1}, "silence"),
        (USES + "held *= 4; time.sleep(600)", {"memory_bytes": 128 * MIB}, "out_of_memory"),
    ],
)
def test_what_main_py_used_is_told(tmp_path: Path, main: str, spec: dict[str, Any], reason: str) -> None:
    with ServerDouble({"main.py": main}, **spec) as server:
        assert run(server, tmp_path) == 0
    assert server.end["reason"] == reason
    assert server.end["peak_memory_bytes"] > 40 * MIB
    assert server.end["cpu_seconds"] > 0.15


def test_a_killed_run_tells_what_it_used_too(tmp_path: Path) -> None:
    with ServerDouble({"main.py": WAITS}) as server, RunnerProcess(server, tmp_path) as runner:
        server.await_line("used")
        server.kill()
        assert runner.wait() == 0
    assert server.end["reason"] == "kill_requested"
    assert server.end["peak_memory_bytes"] > 40 * MIB
    assert server.end["cpu_seconds"] > 0.15
