"""The command `macropod-server` as a person uses it, in processes of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import macropod
import macropod_server
import pytest

from tests.live_server import LiveServer

COMMAND = Path(sys.executable).with_name("macropod-server")


def run(tmp_path, *words, stdin=None, **variables):
    environ = {name: value for name, value in os.environ.items() if not name.startswith("MACROPOD_")}
    settings = {"MACROPOD_DATA_DIR": tmp_path / "data", "MACROPOD_CREDENTIALS": tmp_path / "credentials.json"}
    environ |= {name: str(value) for name, value in (settings | variables).items()}
    return subprocess.run([COMMAND, *words], env=environ, input=stdin, capture_output=True, text=True, timeout=60)


def test_it_tells_its_version(tmp_path):
    assert run(tmp_path, "version").stdout.strip() == macropod_server.__version__


def test_its_help_is_plain_text(tmp_path):
    told = run(tmp_path, "--help").stdout
    assert told.isascii()
    assert "serve" in told


def test_a_token_is_told_once_and_works(tmp_path):
    with LiveServer(tmp_path) as server:
        done = run(tmp_path, "token", "--name", "notebook")
        assert done.returncode == 0
        url = json.loads((tmp_path / "credentials.json").read_text())["url"]
        with macropod.Client(url, done.stdout.strip()) as client:
            assert client.server().version == server.client.server().version


def test_a_saved_token_lies_where_the_sdk_looks(tmp_path):
    done = run(tmp_path, "token", "--save", MACROPOD_PORT=9123)
    kept = json.loads((tmp_path / "credentials.json").read_text())
    assert (kept["url"], kept["token"]) == ("http://127.0.0.1:9123", done.stdout.strip())
    assert (tmp_path / "credentials.json").stat().st_mode & 0o777 == 0o600


def test_a_token_can_be_narrow(tmp_path):
    with LiveServer(tmp_path) as server:
        server.client.invite_user("ada@example.org", password="x" * 12)
        words = ("token", "--user", "Ada@example.org", "--scope", "read", "--expires", "90")
        done = run(tmp_path, *words)
        url = json.loads((tmp_path / "credentials.json").read_text())["url"]
        with macropod.Client(url, done.stdout.strip()) as client:
            me = client.me()
        assert (me.email, me.scope, me.is_bound) == ("ada@example.org", "read", False)
        done = run(tmp_path, *words, "--workspace", "default")
        assert "There is no workspace '1' in reach" in done.stderr
        assert "neither a number of days" in run(tmp_path, "token", "--expires", "soon").stderr


def test_a_password_is_set_anew_for_who_cannot_sign_in(tmp_path):
    run(tmp_path, "token")
    done = run(tmp_path, "reset-password", "admin@localhost", stdin="another long password\n")
    assert (done.returncode, done.stdout) == (0, "The password of admin@localhost is set.\n")
    assert "12 to 1024" in run(tmp_path, "reset-password", "admin@localhost", stdin="short\n").stderr
    assert "There is no user b@x" in run(tmp_path, "reset-password", "b@x", stdin="").stderr


def test_migrating_an_empty_data_folder_makes_the_database(tmp_path):
    done = run(tmp_path, "migrate")
    assert (done.returncode, "is at revision" in done.stdout) == (0, True)
    assert (tmp_path / "data" / "macropod.db").exists()


@pytest.mark.parametrize(
    ("words", "variables", "code", "told"),
    [
        (
            ["serve"],
            {"MACROPOD_SPAWNER": "podman"},
            1,
            "MACROPOD_SPAWNER is 'podman'; it takes auto, docker, kubernetes or process.",
        ),
        (["serve"], {"MACROPOD_MAX_RUNS": "many"}, 1, "MACROPOD_MAX_RUNS is 'many'; it takes a whole number."),
        (["serve", "--port", "x"], {}, 2, "--port"),
        (["serve", "--colour", "red"], {}, 2, "--colour"),
        (["frobnicate"], {}, 2, "frobnicate"),
        (["serve"], {"MACROPOD_DATABASE_URL": "postgresql+psycopg://127.0.0.1:1/x"}, 1, "The database does not answer"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence(tmp_path, words, variables, code, told):
    done = run(tmp_path, *words, **{"MACROPOD_PORT": "0"} | variables)
    assert (done.returncode, done.stdout) == (code, "")
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_commands_say_at_which_spawner_they_look_and_nothing_for_programs(tmp_path):
    run(tmp_path, "token")
    done = run(tmp_path, "usage", "--spawner", "docker", DOCKER_HOST=f"unix://{tmp_path}/none.sock")
    assert done.returncode == 1
    first, *others = done.stderr.splitlines()
    assert first == "This looks at the spawner docker; --spawner names another."
    assert [line for line in others if line.startswith("{")] == []
    assert "This looks at the spawner process" in run(tmp_path, "clean", "--spawner", "process").stderr


def test_a_port_that_is_taken_is_named(tmp_path):
    first = tmp_path / "first"
    first.mkdir()
    with LiveServer(first) as server:
        port = server.client.url.rpartition(":")[2]
        done = run(tmp_path, "serve", MACROPOD_PORT=port, MACROPOD_SPAWNER="process")
    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in done.stderr
