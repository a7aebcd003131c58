"""The command line on the real application: the answer on stdout, the talk on stderr, exit codes."""

import io
import json
import threading
from pathlib import Path

import macropod
import pytest
from macropod_server.domain.lines import Stream

from tests.builders import NOON, a_zip
from tests.sdk_calls import Call
from tests.sdk_server import PlayedServer


@pytest.fixture
def orchestration(client: macropod.Client, hello: Path) -> macropod.Orchestration:
    return client.upload_orchestration(hello, name="hello")


def test_an_upload_may_name_its_flavor(call: Call, hello: Path) -> None:
    code, out, _ = call("orchestration", "upload", hello, "--flavor", "data", "-o", "json")
    assert (code, json.loads(out)["flavor"]) == (0, "data")


def test_an_upload_prints_the_orchestration_in_any_form(call: Call, hello: Path) -> None:
    code, out, err = call("orchestration", "upload", hello, "--name", "greeting", "--wait", "-o", "json")
    made = json.loads(out)
    assert (code, made["name"], made["status"]) == (0, "greeting", "ready")
    assert "waiting" in err
    assert call("orchestration", "list", "-o", "name") == (0, f"{made['id']}\n", "")
    assert json.loads(call("orchestration", "list", "-o", "jsonl")[1]) == made
    assert json.loads(call("orchestration", "list", "-o", "json")[1]) == [made]
    assert made["sha256"] in call("orchestration", "show", made["id"])[1]


def test_a_table_that_is_piped_has_one_plain_line_a_row(call: Call, orchestration: macropod.Orchestration) -> None:
    for number in range(3):
        orchestration.run_once(f"{number} " + "long name " * 18)
    code, out, _ = call("task", "list")
    rows = [line for line in out.splitlines() if "Temporary Run" in line]
    assert (code, len(rows)) == (0, 3)
    assert all(line.count("long name") == 18 for line in rows)
    assert "\x1b" not in out


def test_a_download_prints_where_it_is(call: Call, client: macropod.Client, tmp_path: Path) -> None:
    orchestration = client.upload_orchestration(bytes_buffer=a_zip(), name="x")
    code, out, _ = call("orchestration", "download", orchestration.id, "--to", tmp_path / "x.zip", "-o", "name")
    assert (code, out) == (0, f"{tmp_path / 'x.zip'}\n")
    assert (tmp_path / "x.zip").read_bytes() == a_zip()
    assert call("orchestration", "delete", orchestration.id, "-o", "name")[:2] == (0, f"{orchestration.id}\n")
    code, out, err = call("orchestration", "show", orchestration.id)
    assert (code, out) == (4, "")
    assert orchestration.id in err


@pytest.mark.parametrize(
    ("ending", "code"),
    [
        ({"reason": "completed"}, 0),
        ({"reason": "exit_code", "exit_code": 7}, 7),
        ({"reason": "out_of_memory", "signal": "SIGKILL"}, 1),
        ({"reason": "time_limit", "exit_code": 0}, 1),
    ],
)
def test_waiting_exits_as_the_run_did(
    server: PlayedServer, call: Call, orchestration: macropod.Orchestration, ending: dict[str, object], code: int
) -> None:
    task = orchestration.run_once("hello")
    server.start().ends(**ending)
    run = task.wait(timeout=5)
    assert call("run", "wait", run.id, "-o", "name")[:2] == (code, f"{run.id}\n")


def test_a_run_that_is_followed_prints_its_log_and_nothing_else(
    server: PlayedServer, call: Call, orchestration: macropod.Orchestration
) -> None:
    def play() -> None:
        while not server.deps.spawner.orders:
            if orchestration.list_tasks():
                playing = server.start()
        playing.prints("one", "\x1b[31mtwo\x1b[0m")
        playing.ends("exit_code", exit_code=3, message="The program ended with exit code 3.")

    player = threading.Thread(target=play)
    player.start()
    arguments = ("--name", "hello", "--json-args", '{"dogs": 3}', "--follow")
    code, out, err = call("task", "run-once", orchestration.id, *arguments)
    player.join()
    assert (code, out) == (3, "one\ntwo\n")
    assert "failure. The program ended with exit code 3." in err
    assert orchestration.list_tasks()[0].json_args == {"dogs": 3}


def test_a_task_is_scheduled_listed_and_killed(
    call: Call, orchestration: macropod.Orchestration, tmp_path: Path
) -> None:
    (tmp_path / "arguments.json").write_text('{"from": "file"}')
    arguments = ("--name", "nightly", "--timezone", "Europe/Berlin", "--json-args", f"@{tmp_path}/arguments.json")
    code, out, _ = call("task", "schedule", orchestration.id, "0 2 * * *", *arguments, "-o", "json")
    task = json.loads(out)
    assert (code, task["schedule"], task["timezone"]) == (0, "0 2 * * *", "Europe/Berlin")
    assert task["json_args"] == {"from": "file"}
    assert "0 2 * * *" in call("task", "show", task["id"])[1]
    killed = json.loads(call("task", "kill", task["id"], "-o", "json")[1])
    assert killed["active"] is False


@pytest.mark.parametrize(
    ("options", "lines"),
    [
        ((), ["one", "two", "careful", "four"]),
        (("--tail", 2), ["careful", "four"]),
        (("--stream", "stderr"), ["careful"]),
        (("--since", "2026-03-02T12:00:30"), ["four"]),
        (("--tail", 1, "--timestamps"), ["2026-03-02 12:01:00.000 four"]),
        (("--follow",), ["one", "two", "careful", "four"]),
        (("--follow", "--tail", 1), ["four"]),
        (("--follow", "--since", "2026-03-02T13:00:00Z"), []),
        (("--stream", "stderr", "-o", "name"), ["3"]),
    ],
)
def test_a_log_can_be_cut_filtered_and_followed(
    server: PlayedServer,
    call: Call,
    orchestration: macropod.Orchestration,
    options: tuple[object, ...],
    lines: list[str],
) -> None:
    orchestration.run_once("hello")
    playing = server.start()
    playing.prints("one", "two", at=NOON)
    playing.prints("careful", at=NOON, stream=Stream.STDERR)
    playing.prints("four", at=NOON.replace(minute=1))
    playing.ends()
    code, out, _ = call("run", "logs", playing.id, *options)
    assert (code, out.splitlines()) == (0, lines)


def test_a_log_as_json_has_numbers_times_and_streams(
    server: PlayedServer, call: Call, orchestration: macropod.Orchestration
) -> None:
    orchestration.run_once("hello")
    playing = server.start()
    playing.prints("one", at=NOON)
    line = {"number": 1, "time": "2026-03-02T12:00:00+00:00", "stream": "stdout", "text": "one"}
    assert json.loads(call("run", "logs", playing.id, "-o", "json")[1]) == [line]
    assert json.loads(call("run", "logs", playing.id, "-o", "jsonl")[1]) == line
    assert call("run", "logs", playing.id, "-f", "-o", "json")[0] == 2


def test_runs_are_listed_of_all_or_of_one_task(
    server: PlayedServer, call: Call, orchestration: macropod.Orchestration
) -> None:
    first = orchestration.run_once("first")
    server.start().ends()
    second = orchestration.run_once("second")
    [done], [waiting] = first.last_runs(), second.last_runs()
    assert set(call("run", "list", "-o", "name")[1].split()) == {done.id, waiting.id}
    assert call("run", "list", "--task", second.id, "-o", "name")[1].split() == [waiting.id]
    assert call("run", "list", "--status", "success", "-o", "name")[1].split() == [done.id]
    assert "success" in call("run", "show", done.id)[1]


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("task", "run-once", "id"),
        ("task", "run-once", "id", "--name", "x", "--json-args", "{"),
        ("task", "run-once", "id", "--name", "x", "--json-args", "@/nowhere.json"),
        ("task", "list", "--output", "xml"),
        ("run", "logs", "id", "--since", "yesterday"),
        ("run", "logs", "id", "--tail", "0"),
    ],
)
def test_wrong_usage_exits_with_2_and_prints_no_answer(call: Call, arguments: tuple[str, ...]) -> None:
    code, out, err = call(*arguments)
    assert (code, out) == (2, "")
    assert err


def test_an_error_is_a_message_and_no_traceback(call: Call, orchestration: macropod.Orchestration) -> None:
    code, out, err = call("task", "schedule", orchestration.id, "0 99 * * *", "--name", "x")
    assert (code, out) == (1, "")
    assert "99" in err
    assert "Traceback" not in err


def test_a_login_keeps_what_it_was_told_once_the_server_agreed(
    server: PlayedServer, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "credentials.json"
    monkeypatch.setenv("MACROPOD_CREDENTIALS", str(path))
    monkeypatch.setattr("sys.stdin", io.StringIO("wrong\n"))
    code, out, err = call("login")
    assert (code, out, path.exists()) == (1, "", False)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{server.token}\n"))
    code, out, err = call("login", "--output", "json")
    assert (code, json.loads(out)["workspace"]) == (0, "default")
    assert str(path) in err
    assert json.loads(path.read_text()) == {"url": "http://testserver", "token": server.token}
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_version_needs_no_server(call: Call) -> None:
    assert call("version", "-o", "name") == (0, f"{macropod.__version__}\n", "")
