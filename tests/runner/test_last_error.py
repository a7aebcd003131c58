"""The last traceback of a failed run, told with its end: what was raised, and where in the user's own code."""

import json
from pathlib import Path
from typing import Any

import pytest
from macropod_runner.last_error import LastError, last_error
from macropod_server.api.runner import EndIn

from tests.runner.runner_process import run
from tests.runner.server_double import ServerDouble

INNER = "import json\n\ndef read(text):\n    return json.loads(text)\n"
CHAINED = "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    raise ValueError('no rows\\nat all') from error\n"
LOGGED = (
    "import logging, sys\ntry:\n    1 / 0\nexcept ZeroDivisionError:\n    logging.exception('giving up')\nsys.exit(3)\n"
)


def error(exception: str, message: str | None, file: str | None, line: int | None) -> dict[str, Any]:
    return {"exception": exception, "message": message, "file": file, "line": line}


@pytest.mark.parametrize(
    ("main", "expected"),
    [
        ("1 / 0", error("ZeroDivisionError", "division by zero", "main.py", 1)),
        ("\nassert False", error("AssertionError", None, "main.py", 2)),
        (CHAINED, error("ValueError", "no rows", "main.py", 4)),
        (LOGGED, error("ZeroDivisionError", "division by zero", "main.py", 3)),
        ("rows = (", error("SyntaxError", "'(' was never closed", "main.py", 1)),
        (
            "raise ExceptionGroup('both', [KeyError(1)])",
            error("ExceptionGroup", "both (1 sub-exception)", "main.py", 1),
        ),
        ("raise ValueError('x' * 2000)", error("ValueError", "x" * 999 + "…", "main.py", 1)),
        ("import sys; sys.exit('no rows')", None),
        ("import logging, os, signal\nlogging.error('x')\nos.kill(os.getpid(), signal.SIGKILL)", None),
        ("import sys\nsys.stderr.write('\\r 0%\\r50%')\nraise ValueError('x')", error("ValueError", "x", "main.py", 3)),
        ("print('hello')", None),
    ],
)
def test_the_end_tells_the_last_traceback(tmp_path: Path, main: str, expected: dict[str, Any] | None) -> None:
    with ServerDouble({"main.py": main}) as server:
        assert run(server, tmp_path) == 0
    assert server.end["error"] == expected
    assert EndIn(**json.loads(json.dumps(server.end))).model_dump()["error"] == expected


def test_the_place_is_in_the_users_own_code_and_relative_to_the_zip(tmp_path: Path) -> None:
    files = {"main.py": "from parts.inner import read\n\nread('{')\n", "parts/inner.py": INNER}
    with ServerDouble(files) as server:
        assert run(server, tmp_path) == 0
    assert (server.end["error"]["file"], server.end["error"]["line"]) == ("parts/inner.py", 4)


FRAME = '  File "/home/me/main.py", line 3, in <module>'


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], None),
        (["hello"], None),
        (["Traceback (most recent call last):", FRAME], None),
        (["Traceback (most recent call last):", FRAME, "%% odd"], None),
        (["Traceback (most recent call last):", FRAME, "a.b.C"], LastError("a.b.C", None, "main.py", 3)),
        (["Traceback (most recent call last):", FRAME.replace("/me/", "/you/"), "E: "], LastError("E")),
        (
            ["Traceback (most recent call last):", FRAME.replace("main", "v/site-packages/x"), "E: y"],
            LastError("E", "y"),
        ),
        (["SyntaxError: no place"], LastError("SyntaxError", "no place")),
    ],
)
def test_what_is_no_whole_traceback_tells_no_more_than_it_has(lines: list[str], expected: LastError | None) -> None:
    assert last_error(lines, "/home/me") == expected


def test_a_home_is_known_by_its_real_name_too(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    lines = ["Traceback (most recent call last):", f'  File "{tmp_path}/main.py", line 3, in f', "E: x"]
    assert last_error(lines, f"{tmp_path}/link") == LastError("E", "x", "main.py", 3)
