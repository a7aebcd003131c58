"""A main.py that prints nothing for too long is ended; one that prints, in whatever way, is not."""

from pathlib import Path

import pytest

from tests.runner.runner_process import run
from tests.runner.server_double import ServerDouble

PRINTS_DOTS = """
import sys, time
for _ in range(12):
    time.sleep(0.1)
    sys.STREAM.write(".")
    sys.STREAM.flush()
"""
CHILD_PRINTS = """
import subprocess, sys
prints = "import time\\nfor _ in range(12):\\n    time.sleep(0.1)\\n    print('here', flush=True)"
subprocess.run([sys.executable, "-c", prints], check=True)
"""


def test_a_silent_main_py_is_ended(tmp_path: Path) -> None:
    main = "import time; print('begun'); time.sleep(600)"
    with ServerDouble({"main.py": main}, silence_timeout_seconds=1) as server:
        assert run(server, tmp_path) == 0
    assert (server.end["reason"], server.end["signal"]) == ("silence", "SIGTERM")
    assert server.end["message"] == "main.py printed nothing for its limit of 1 s and was ended."


def test_a_silent_main_py_that_ignores_term_is_killed_after_its_grace(tmp_path: Path) -> None:
    main = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)"
    with ServerDouble({"main.py": main}, silence_timeout_seconds=0.5, grace_seconds=0.2) as server:
        assert run(server, tmp_path, seconds=10) == 0
    assert (server.end["reason"], server.end["signal"]) == ("silence", "SIGKILL")


@pytest.mark.parametrize(
    "main", [PRINTS_DOTS.replace("STREAM", "stdout"), PRINTS_DOTS.replace("STREAM", "stderr"), CHILD_PRINTS]
)
def test_who_prints_is_not_silent(tmp_path: Path, main: str) -> None:
    with ServerDouble({"main.py": main}, silence_timeout_seconds=0.8) as server:
        assert run(server, tmp_path) == 0
    assert server.end["reason"] == "completed"


def test_the_time_limit_counts_beside_the_silence(tmp_path: Path) -> None:
    main = "import time; time.sleep(600)"
    with ServerDouble({"main.py": main}, silence_timeout_seconds=30, timeout_seconds=0.5) as server:
        assert run(server, tmp_path, seconds=10) == 0
    assert server.end["reason"] == "time_limit"
