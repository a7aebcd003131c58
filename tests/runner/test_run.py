"""The command `run`, from spec to end report, as a real process against a real little server."""

import base64
import json
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.runner.runner_process import PACKAGE, RunnerProcess, run
from tests.runner.server_double import ServerDouble, zipped


def test_a_run_that_ends_well_is_reported_as_completed(tmp_path: Path) -> None:
    with ServerDouble({"main.py": "print('hello')\nprint('world')\n"}) as server:
        assert run(server, tmp_path) == 0
    assert server.texts == ["hello", "world"]
    assert server.end == {
        "reason": "completed",
        "message": None,
        "exit_code": 0,
        "signal": None,
        "error": None,
        "peak_memory_bytes": server.end["peak_memory_bytes"],
        "cpu_seconds": server.end["cpu_seconds"],
        "lines": 2,
    }


@pytest.mark.parametrize(
    ("main", "reason", "message", "exit_code", "signal"),
    [
        ("raise SystemExit(3)", "exit_code", "main.py ended with exit code 3.", 3, None),
        ("1 / 0", "exit_code", "main.py ended with exit code 1: ZeroDivisionError: division by zero.", 1, None),
        ("import os; os.abort()", "signal", "main.py was ended by signal SIGABRT.", None, "SIGABRT"),
        ("import os; os.kill(os.getpid(), 9)", "signal", "main.py was ended by signal SIGKILL.", None, "SIGKILL"),
        ("import os; os.kill(os.getpid(), 40)", "signal", "main.py was ended by signal SIG40.", None, "SIG40"),
    ],
)
def test_a_run_that_ends_badly_says_how(
    tmp_path: Path, main: str, reason: str, message: str, exit_code: int | None, signal: str | None
) -> None:
    with ServerDouble({"main.py": main}) as server:
        assert run(server, tmp_path) == 0
    assert [server.end[field] for field in ("reason", "message", "exit_code", "signal")] == [
        reason,
        message,
        exit_code,
        signal,
    ]


def test_the_traceback_of_an_exception_is_in_the_log(tmp_path: Path) -> None:
    with ServerDouble({"main.py": "print('first')\n1 / 0\n"}) as server:
        run(server, tmp_path)
    assert server.texts[0] == "first"
    assert server.texts_of("stderr")[-1] == "ZeroDivisionError: division by zero"


def test_peak_memory_and_processor_time_count_children_too(tmp_path: Path) -> None:
    main = """
import subprocess, sys
work = "block = bytearray(200_000_000); [i * i for i in range(2_000_000)]"
subprocess.run([sys.executable, "-c", work], check=True)
"""
    with ServerDouble({"main.py": main}) as server:
        run(server, tmp_path)
    assert 200_000_000 < server.end["peak_memory_bytes"] < 300_000_000
    assert 0.05 < server.end["cpu_seconds"] < 30


def test_arguments_are_a_file_beside_main_py(tmp_path: Path) -> None:
    main = """
import json, os, pathlib
print(os.environ["MACROPOD_ARGUMENTS"] == str(pathlib.Path.home() / "arguments.json"))
print(json.loads(pathlib.Path("arguments.json").read_text(encoding="utf-8"))["name"])
"""
    with ServerDouble({"main.py": main}, arguments={"name": "Łódź", "dogs": 3.9}) as server:
        run(server, tmp_path)
    assert server.texts == ["True", "Łódź"]


def test_a_small_zip_that_came_with_the_spec_is_not_asked_for_again(tmp_path: Path) -> None:
    sent = base64.b64encode(zipped({"main.py": "print('from the spec')"})).decode()
    with ServerDouble({"main.py": "print('from the bundle')"}, bundle=sent) as server:
        run(server, tmp_path)
    assert server.texts == ["from the spec"]


def test_an_arguments_file_of_the_zip_stays(tmp_path: Path) -> None:
    main = """
import os, pathlib
print(pathlib.Path("arguments.json").read_text())
print(pathlib.Path(os.environ["MACROPOD_ARGUMENTS"]).read_text())
"""
    files = {"main.py": main, "arguments.json": "mine"}
    with ServerDouble(files, arguments={"theirs": 1}) as server:
        run(server, tmp_path)
    assert server.texts == ["mine", '{"theirs": 1}']


def test_main_py_gets_an_environment_from_scratch(tmp_path: Path) -> None:
    main = "import json, os; print(json.dumps(dict(os.environ)))"
    with ServerDouble({"main.py": main}, due_at="2026-01-02T03:04:05+00:00", attempt=2) as server:
        with RunnerProcess(server, tmp_path, SECRET_OF_THE_SERVER="x") as runner:
            runner.wait()
        environment = json.loads(server.texts[0])
    environment.pop("LC_CTYPE", None)
    assert environment == {
        "PATH": f"{runner.environment}/bin:/usr/bin:/bin",
        "HOME": str(runner.home),
        "TMPDIR": str(tmp_path / "tmp"),
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "VIRTUAL_ENV": str(runner.environment),
        "MACROPOD_URL": "http://server.invalid",
        "MACROPOD_TOKEN": "run-token",
        "MACROPOD_TASK_ID": "task-1",
        "MACROPOD_RUN_ID": "run-1",
        "MACROPOD_ORCHESTRATION_ID": "orchestration-1",
        "MACROPOD_DUE_AT": "2026-01-02T03:04:05+00:00",
        "MACROPOD_ATTEMPT": "2",
        "MACROPOD_ARGUMENTS": str(runner.home / "arguments.json"),
    }


def test_an_entry_point_in_a_folder_runs_in_home_and_imports_its_neighbours(tmp_path: Path) -> None:
    main = "import os, neighbour; print(os.getcwd()); print(os.path.exists('data.csv'))"
    files = {"project/main.py": main, "project/neighbour.py": "", "data.csv": ""}
    with ServerDouble(files, entry_point="project/main.py") as server:
        run(server, tmp_path)
    assert server.texts == [str(tmp_path / "home"), "True"]


def test_executable_bits_are_kept_and_special_bits_are_not(tmp_path: Path) -> None:
    files = {"main.py": "", "tool.sh": "#!/bin/sh\n", "deep/er/plain.txt": "x", "empty/": b""}
    with ServerDouble(zipped(files, modes={"tool.sh": 0o106755, "deep/er/plain.txt": 0o100644})) as server:
        run(server, tmp_path)
    home = tmp_path / "home"
    assert stat.S_IMODE((home / "tool.sh").stat().st_mode) & 0o7111 == 0o111
    assert stat.S_IMODE((home / "deep/er/plain.txt").stat().st_mode) & 0o7111 == 0
    assert (home / "empty").is_dir()


def test_main_py_has_a_session_of_its_own_and_nothing_to_read(tmp_path: Path) -> None:
    main = "import os, sys; print(os.getsid(0) == os.getpid() == os.getpgrp()); print(repr(sys.stdin.read()))"
    with ServerDouble({"main.py": main}) as server:
        run(server, tmp_path)
    assert server.texts == ["True", "''"]


def test_lines_go_on_at_the_number_the_server_expects(tmp_path: Path) -> None:
    with ServerDouble({"main.py": "print('again')"}, next_line=41) as server:
        run(server, tmp_path)
    assert [line.number for line in server.lines] == [41]
    assert server.end["lines"] == 41


def test_a_missing_entry_point_could_not_be_started(tmp_path: Path) -> None:
    with ServerDouble({"other.py": ""}) as server:
        assert run(server, tmp_path) == 0
    assert (server.end["reason"], server.end["message"]) == (
        "could_not_start",
        "The uploaded zip has no file main.py.",
    )


def test_a_missing_python_could_not_be_started(tmp_path: Path) -> None:
    with ServerDouble({"main.py": ""}) as server:
        nowhere = str(tmp_path / "nowhere")
        assert run(server, tmp_path, MACROPOD_RUNNER_ENVIRONMENT=nowhere) == 0
    assert server.end["reason"] == "could_not_start"
    assert server.end["message"] == f"The environment of this run has no Python: {nowhere}/bin/python is not there."


def test_a_python_that_is_none_could_not_be_started(tmp_path: Path) -> None:
    python = tmp_path / "environment" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("not a program")
    with ServerDouble({"main.py": ""}) as server:
        assert run(server, tmp_path) == 0
    assert server.end["message"] == f"{python} could not be started: Permission denied."


def test_a_damaged_zip_could_not_be_started(tmp_path: Path) -> None:
    with ServerDouble(zipped({"main.py": "print()"})[:-10]) as server:
        assert run(server, tmp_path) == 0
    assert server.end["reason"] == "could_not_start"
    assert server.end["message"].startswith("The uploaded zip could not be unpacked: ")


def test_nothing_is_unpacked_outside_of_home(tmp_path: Path) -> None:
    with ServerDouble({"main.py": "", "../escaped.txt": "x"}) as server:
        assert run(server, tmp_path) == 0
    assert server.end["reason"] == "could_not_start"
    assert not (tmp_path / "escaped.txt").exists()


def test_a_spawner_that_forgot_a_variable_is_told_which(tmp_path: Path) -> None:
    with ServerDouble() as server, RunnerProcess(server, tmp_path, MACROPOD_RUNNER_SPOOL="") as runner:
        assert runner.wait() == 2
    assert "MACROPOD_RUNNER_SPOOL is not set." in runner.output.read_text()


def test_a_run_the_server_does_not_know_is_over(tmp_path: Path) -> None:
    with ServerDouble({"main.py": "print()"}) as server:
        assert run(server, tmp_path, MACROPOD_RUNNER_TOKEN="stranger") == 3
    assert server.ends == []


def test_a_short_run_does_not_wait_for_a_beat(tmp_path: Path) -> None:
    with ServerDouble({"main.py": ""}) as server:
        began = time.monotonic()
        run(server, tmp_path)
        assert time.monotonic() - began < 5
    assert server.calls["beat"] <= 1


def test_the_runner_starts_without_slow_imports() -> None:
    command = (sys.executable, "-I", "-S", "-X", "importtime", str(PACKAGE))
    told = subprocess.run(command, env={}, capture_output=True, text=True, check=False).stderr
    imported = {line.rpartition("|")[2].strip() for line in told.splitlines() if line.startswith("import time:")}
    assert "macropod_runner.session" in imported
    assert imported.isdisjoint({"asyncio", "dataclasses", "http.client", "inspect", "logging", "site", "ssl"})


def test_a_home_that_cannot_be_made_could_not_be_started(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with ServerDouble({"main.py": ""}) as server:
        assert run(server, tmp_path, MACROPOD_RUNNER_HOME=str(tmp_path / "file" / "home")) == 0
    assert server.end["reason"] == "could_not_start"
    assert server.end["message"].startswith("The folders of this run cannot be made: ")
