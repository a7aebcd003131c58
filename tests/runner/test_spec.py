"""What a runner makes of what the server asks: newer fields, older servers, debug and traces."""

import json
import tomllib
from pathlib import Path
from typing import Any

import macropod_runner

from tests.runner.runner_process import PACKAGE, RunnerProcess, run
from tests.runner.server_double import SPEC, ServerDouble

TELLS_ENVIRONMENT = "import json, os; print(json.dumps(dict(os.environ)))"


def variables(folder: Path, **spec: Any) -> dict[str, str]:
    with ServerDouble({"main.py": TELLS_ENVIRONMENT}, **spec) as server:
        assert run(server, folder) == 0
    told: dict[str, str] = json.loads(server.texts_of("stdout")[0])
    return told


def test_fields_of_a_newer_server_are_passed_over(tmp_path: Path) -> None:
    with ServerDouble({"main.py": "print('hello')"}, fashion="new") as server:
        assert run(server, tmp_path) == 0
    assert server.texts == ["hello"]


def test_an_older_server_leaves_newer_fields_out(tmp_path: Path) -> None:
    newer = {"debug", "silence_timeout_seconds", "traceparent", "environment", "sends_environment"}
    assert newer.isdisjoint(SPEC)
    told = variables(tmp_path)
    assert {"TRACEPARENT", "PYTHONFAULTHANDLER"}.isdisjoint(told)


def test_the_trace_goes_on_in_main_py(tmp_path: Path) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    assert variables(tmp_path, traceparent=trace)["TRACEPARENT"] == trace


def test_every_call_tells_the_version_of_the_runner(tmp_path: Path) -> None:
    with ServerDouble({"main.py": "print('hello')"}) as server:
        assert run(server, tmp_path) == 0
    assert server.versions == {macropod_runner.__version__}


def test_the_version_is_that_of_the_distribution() -> None:
    told = tomllib.loads(PACKAGE.parent.joinpath("pyproject.toml").read_text())
    assert told["project"]["version"] == macropod_runner.__version__


def test_with_debug_the_log_begins_with_the_facts_of_the_run(tmp_path: Path) -> None:
    asked = {"debug": True, "arguments": {"rows": "a secret", "dogs": 3}, "timeout_seconds": 60, "memory_bytes": 2**31}
    with ServerDouble({"main.py": "print('hello')"}, **asked) as server, RunnerProcess(server, tmp_path) as runner:
        site = runner.environment / "lib" / "python3" / "site-packages"
        (site / "tiny-1.0.dist-info").mkdir(parents=True)
        assert runner.wait() == 0
    told = server.texts_of("system")
    assert server.texts == [*told, "hello"]
    assert told[0].startswith(f"Macropod runner {macropod_runner.__version__}, cpython 3.")
    assert told[1] == f"Environment {runner.environment}: 1 package besides the SDK."
    assert told[2].startswith("Limits: memory 2 GiB, ")
    assert "time 60 s" in told[2]
    assert "no limit of silence" in told[2]
    assert told[3] == f"Working folder {runner.home}; entry point main.py."
    assert told[4] == "Arguments: dogs, rows."
    assert "a secret" not in "".join(told)


def test_with_debug_python_tells_where_it_crashed(tmp_path: Path) -> None:
    with ServerDouble({"main.py": "import os; os.abort()"}, debug=True) as server:
        assert run(server, tmp_path) == 0
    assert server.end["signal"] == "SIGABRT"
    assert "Fatal Python error: Aborted" in server.texts_of("stderr")
