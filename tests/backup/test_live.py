"""Back up a server while it works, restore it elsewhere, and go on there: with real processes, by the commands."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.crash.programs import MARKS, WAITS_FOR_A_FILE, Marks, how_it_ended, upload, wait_for
from tests.live_server import LiveServer
from tests.runner.wheels import make_wheel

COMMAND = Path(sys.executable).with_name("macropod-server")
GREETS = "import tiny_greeting\nprint('version', tiny_greeting.version)\n" + MARKS


def command(folder: Path, *words: str, code: int = 0) -> str:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("MACROPOD_")}
    settings = {"MACROPOD_DATA_DIR": str(folder / "data"), "MACROPOD_SPAWNER": "process"}
    done = subprocess.run([COMMAND, *words], env=environ | settings, capture_output=True, text=True, timeout=120)
    assert done.returncode == code, done.stderr
    return done.stdout if code == 0 else done.stderr


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    make_wheel(tmp_path / "wheels", "tiny_greeting", version="1.0")
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path / "wheels")}


def folder_of(tmp_path: Path, name: str) -> Path:
    folder = tmp_path / name
    folder.mkdir()
    return folder


def test_a_server_restored_from_a_backup_made_while_it_worked_goes_on(tmp_path: Path, variables: Any) -> None:
    first, second, marks = folder_of(tmp_path, "first"), folder_of(tmp_path, "second"), Marks(tmp_path)
    with LiveServer(first, variables=variables) as server:
        orchestration = upload(server.client, GREETS, requirements="tiny-greeting")
        assert how_it_ended(marks.run(orchestration)) == ("success", "completed", 0)
        task = upload(server.client, WAITS_FOR_A_FILE).run_once("waits", json_args={"file": str(tmp_path / "go")})
        wait_for(lambda: task.last_runs()[0].status() == "running")
        command(first, "backup", str(tmp_path / "a.backup"))
        (tmp_path / "go").touch()
        assert how_it_ended(task) == ("failure", "exit_code", 7)
    # People's tokens work with what was restored.
    (first / "credentials.json").rename(second / "credentials.json")
    shutil.rmtree(first)
    make_wheel(tmp_path / "wheels", "tiny_greeting", version="2.0")
    told = command(second, "restore", str(tmp_path / "a.backup"))
    assert "1 runs had not ended" in told
    assert blobs_with_wrong_digests(second / "data" / "blobs") == []
    with LiveServer(second, variables=variables) as server:
        again = server.client.get_orchestration(orchestration.id)
        run = marks.run(again)
        assert how_it_ended(run) == ("success", "completed", 0)
        assert any("version 1.0" in line for line in run.last_runs()[0].logs())
        lost = server.client.get_task_by_id(task.id).last_runs()[0]
        assert (lost.status(), lost.reason) == ("lost", "vanished")
    assert marks.counts() == [1, 1]


def blobs_with_wrong_digests(folder: Path) -> list[str]:
    """The command `sha256sum` shares no code with the server."""
    blobs = [path for path in folder.glob("??/*") if len(path.parent.name + path.name) == 64]
    assert blobs
    told = subprocess.run(["sha256sum", *blobs], capture_output=True, text=True, check=True).stdout.splitlines()
    digests = [line.split()[0] for line in told]
    return [str(path) for path, digest in zip(blobs, digests, strict=True) if digest != path.parent.name + path.name]


def test_a_damaged_backup_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    first, second = folder_of(tmp_path, "first"), folder_of(tmp_path, "second")
    with LiveServer(first) as server:
        sha256 = upload(server.client, MARKS).sha
    file = tmp_path / "a.backup"
    command(first, "backup", str(file))
    content = bytearray(file.read_bytes())
    content[content.index(b"PK\x03\x04") + 5] ^= 1
    file.write_bytes(content)
    told = command(second, "restore", str(file), code=1)
    assert f"blobs/{sha256}" in told
    assert "Traceback" not in told
    assert list(second.iterdir()) == []


def test_a_second_restore_into_the_same_folder_is_refused(tmp_path: Path) -> None:
    first, second = folder_of(tmp_path, "first"), folder_of(tmp_path, "second")
    with LiveServer(first):
        command(first, "backup", str(tmp_path / "a.backup"))
    command(second, "restore", str(tmp_path / "a.backup"))
    assert "not empty" in command(second, "restore", str(tmp_path / "a.backup"), code=1)


def kinds(folder: Path, *words: str) -> dict[str, dict[str, Any]]:
    return {each["kind"]: each for each in json.loads(command(folder, *words, "--json"))}


def test_usage_and_cleaning_work_while_a_server_runs_and_when_none_does(tmp_path: Path, marks: Marks) -> None:
    with LiveServer(tmp_path) as server:
        assert how_it_ended(marks.run(upload(server.client, MARKS))) == ("success", "completed", 0)
        while_running = kinds(tmp_path, "usage")
        assert kinds(tmp_path, "clean", "--dry-run")["left blobs"]["count"] == 0
    assert (while_running["runs"]["count"], while_running["bundles"]["count"]) == (1, 1)
    assert while_running["bundles"]["bytes"] > 0
    orphan = hashlib.sha256(b"orphan").hexdigest()
    place = tmp_path / "data" / "blobs" / orphan[:2] / orphan[2:]
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(b"orphan")
    os.utime(place, (0, 0))
    (tmp_path / "data" / "runs" / "nobody-knows-me").mkdir()
    (tmp_path / "data" / "environments" / "nobody-knows-me").mkdir()
    foretold, done = kinds(tmp_path, "clean", "--dry-run"), kinds(tmp_path, "clean")
    for kind in ("left blobs", "left containers and files of runs", "left environments"):
        assert (foretold[kind]["count"], done[kind]["count"]) == (1, 1)
    assert not place.exists()
    assert kinds(tmp_path, "clean")["left blobs"]["count"] == 0
    assert "bundles" in command(tmp_path, "usage")
    assert "There was nothing to remove." in command(tmp_path, "clean")
    (tmp_path / "data" / "runs" / "nobody-knows-me").mkdir()
    assert "This was removed." in command(tmp_path, "clean")


def test_leftovers_are_gone_soon_after_a_restart(tmp_path: Path) -> None:
    with LiveServer(tmp_path) as server:
        server.kill()
        (tmp_path / "data" / "runs" / "nobody-knows-me").mkdir()
        (tmp_path / "data" / "environments" / "nobody-knows-me").mkdir()
        (tmp_path / "data" / "blobs" / "staging" / "half").touch()
        server.start()
        wait_for(lambda: not list((tmp_path / "data").glob("*/nobody-knows-me")))
        wait_for(lambda: not list((tmp_path / "data" / "blobs" / "staging").iterdir()))


def test_without_an_installation_the_commands_say_so_and_make_none(tmp_path: Path) -> None:
    for words in (["usage"], ["clean"], ["backup", str(tmp_path / "a.backup")]):
        assert "There is no database" in command(tmp_path, *words, code=1)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def marks(tmp_path: Path) -> Marks:
    return Marks(tmp_path)
