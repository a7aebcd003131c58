"""What the package `wallaroo` finds around a program: a real runner, and what its main.py sees."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.runner.runner_process import run
from tests.runner.server_double import TOKEN, ServerDouble

OWNER = {"user_id": "0b6f3c0e-0000-5000-8000-000000000001", "user_email": "ann@example.org"}

LOOKS = """
import json, os, pathlib, stat
path = pathlib.Path.home() / ".cache/wallaroo_sdk/auth/keycloak.json"
login = json.loads(path.read_text()) if path.exists() else None
mode = oct(stat.S_IMODE(path.stat().st_mode)) if path.exists() else None
variables = {name: value for name, value in os.environ.items() if name.startswith("WALLAROO")}
print(json.dumps([login, mode, variables]))
"""


def looked(folder: Path, files: dict[str, str], **spec: Any) -> tuple[dict[str, Any], str, dict[str, str]]:
    with ServerDouble({"main.py": LOOKS, **files}, **spec) as server:
        assert run(server, folder) == 0
    login, mode, variables = json.loads(server.texts_of("stdout")[0])
    return login, mode, variables


def test_the_login_is_that_of_the_run_in_the_name_of_its_owner(tmp_path: Path) -> None:
    login, mode, variables = looked(tmp_path, {}, wallaroo=OWNER)
    assert variables == {"WALLAROO_TASK_ID": "task-1", "WALLAROO_URL": "http://server.invalid"}
    assert mode == "0o600"
    assert {login.pop("expiry"), login.pop("refresh_token_expiry")} == {4_102_444_800}
    assert login == {"access_token": TOKEN, "refresh_token": TOKEN, **OWNER}


def test_a_server_that_does_not_serve_wallaroo_leaves_nothing(tmp_path: Path) -> None:
    assert looked(tmp_path, {}, wallaroo=None) == (None, None, {})


def test_a_login_somebody_left_in_the_zip_is_replaced(tmp_path: Path) -> None:
    left = {
        ".cache/wallaroo_sdk/auth/keycloak.json": '{"access_token": "of a colleague", "padding": "' + 900 * "x" + '"}'
    }
    login, mode, _ = looked(tmp_path, left, wallaroo=OWNER)
    assert (login["access_token"], mode) == (TOKEN, "0o600")


def test_a_login_that_cannot_be_written_is_told_and_keeps_nothing_from_running(tmp_path: Path) -> None:
    with ServerDouble({"main.py": "print('hello')", ".cache": "a file"}, wallaroo=OWNER) as server:
        assert run(server, tmp_path) == 0
    assert server.texts_of("stdout") == ["hello"]
    (told,) = server.texts_of("system")
    assert told.startswith("The login of the package wallaroo could not be written, so it cannot log in: ")


@pytest.mark.parametrize(("arguments", "told"), [({"dogs": 1}, 1), ({}, 0)])
def test_arguments_in_the_place_of_which_the_zip_has_a_file_are_told(
    tmp_path: Path, arguments: dict[str, int], told: int
) -> None:
    files = {"main.py": "print('hello')", "arguments.json": "{}"}
    with ServerDouble(files, wallaroo=OWNER, arguments=arguments) as server:
        assert run(server, tmp_path) == 0
    assert len(server.texts_of("system")) == told
    assert all("MACROPOD_ARGUMENTS" in each for each in server.texts_of("system"))
