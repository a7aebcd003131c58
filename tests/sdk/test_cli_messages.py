"""What the command line says when something is wrong: what was given, and what to do instead."""

import io
import json
from pathlib import Path

import macropod
import pytest
from macropod.cli import main
from macropod.cli.runs import Status
from macropod_server.domain.run import RunStatus

from tests.builders import a_zip
from tests.sdk_calls import Call
from tests.sdk_server import PlayedServer


@pytest.fixture
def orchestration(client: macropod.Client, hello: Path) -> macropod.Orchestration:
    return client.upload_orchestration(hello, name="hello")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("task", "run-once", "id", "--name", "x", "--json-args", "@/nope.json"), "There is no file /nope.json."),
        (("task", "run-once", "id", "--name", "x", "--json-args", "@/"), "The file / cannot be read"),
        (("task", "run-once", "id", "--name", "x", "--json-args", "[1]"), "'[1]' is not a JSON object"),
        (("task", "run-once", "id", "--name", "x", "--json-args", "{"), "'{' is not JSON"),
        (("task", "run-once", "id", "--name", "x", "--timeout", "1.5"), "whole number of seconds"),
        (("task", "run-once", "id", "--name", "x", "--timeout", "ten"), "takes seconds, or 90s, 10m, 2h, 1d"),
        (("task", "run-once", "id", "--name", "x", "--wait-timeout", "5"), "give --wait or --follow too"),
        (("orchestration", "upload", "x.zip", "--wait-timeout", "5"), "give --wait too"),
        (("run", "list", "--status", "bogus"), "'queued', 'starting', 'running'"),
        (("schedule", "preview", "@hourly", "--after", "soon"), "--after"),
        (
            ("task", "run-once", "id", "--name", "x", "--retries", "-1"),
            "'--retries': '-1' is too little; the least is 0.",
        ),
        (("task", "run-once", "id", "--name", "x", "--cpus", "many"), "'--cpus': 'many' is not a number."),
        (("pool", "set", "gpu", "many"), "'SIZE': 'many' is not a whole number."),
        (("pool", "set", "gpu", "0"), "'SIZE': '0' is too little; the least is 1."),
        (("schedule", "preview", "@hourly", "--count", "101"), "'101' is too much; the most is 100."),
        (("run", "list", "--status", "broken"), "'--status': 'broken' is not one of 'queued', "),
        (("task", "run-continuously", "id", "0 2 * * *", "--name", "x"), "A continuous task takes no schedule; use "),
        (("task", "run-continuously", "id", "--name", "x", "--schedule", "@daily"), "use `macropod task schedule`"),
    ],
)
def test_wrong_usage_says_what_is_taken_instead(call: Call, arguments: tuple[str, ...], said: str) -> None:
    code, out, err = call(*arguments)
    assert (code, out) == (2, "")
    assert said in err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--retry-on", "nonsense"], "--retry-on has 'nonsense'; it takes failure,"),
        (["--retries", "101"], "--retries is 101; the most is 100."),
        (["--memory", "1MiB"], "--memory is 1048576; the least is 16777216."),
        (["--jitter", "2h"], "--jitter is 7200; the most is 3600."),
        (["--start", "2026-03-05", "--end", "2026-03-04"], "--end is 2026-03-04T00:00:00+00:00, which is not after"),
        (["--cpus", "-1"], "--cpus is -1.0; it takes a positive number, such as 0.5."),
    ],
)
def test_an_option_is_named_as_it_was_typed(
    call: Call, orchestration: macropod.Orchestration, options: list[str], said: str
) -> None:
    code, out, err = call("task", "schedule", orchestration.id, "@daily", "--name", "x", *options)
    assert (code, out) == (1, "")
    assert err.startswith(said)


def test_a_span_is_named_as_it_was_typed(call: Call, orchestration: macropod.Orchestration) -> None:
    task = orchestration.run_scheduled("x", "@daily")
    early, late = "2026-01-02T03:00Z", "2026-01-03T03:00Z"
    said = call("task", "backfill", task.id, "--from", late, "--to", early)[2]
    assert said == "--from is 2026-01-03T03:00:00+00:00, which is not before --to, 2026-01-02T03:00:00+00:00.\n"


def test_a_status_to_choose_is_one_the_server_knows() -> None:
    assert list(Status) == [each.value for each in RunStatus]


@pytest.mark.parametrize(("text", "seconds"), [("600", 600), ("10m", 600), ("1h", 3600), ("90s", 90), ("1d", 86400)])
def test_a_time_limit_may_have_a_unit(
    call: Call, orchestration: macropod.Orchestration, text: str, seconds: int
) -> None:
    made = call("task", "run-once", orchestration.id, "--name", "x", "--timeout", text, "-o", "json")[1]
    assert json.loads(made)["timeout_seconds"] == seconds


def test_an_empty_name_is_called_empty(call: Call, orchestration: macropod.Orchestration, hello: Path) -> None:
    for command in (("task", "run-once", orchestration.id), ("orchestration", "upload", hello)):
        code, _, err = call(*command, "--name", " ")
        assert (code, err) == (1, "The name is empty; give one that people can read.\n")


def test_what_cannot_be_uploaded_is_named_with_all_that_is_wrong_with_it(call: Call, tmp_path: Path) -> None:
    folder, file = tmp_path / "docs", tmp_path / "hostile.zip"
    folder.mkdir()
    (folder / "page.md").touch()
    file.write_bytes(a_zip({"../x": "", "/y": ""}))
    assert (
        f"{folder} cannot be uploaded.\n  The archive: There is no main.py"
        in call("orchestration", "upload", folder)[2]
    )
    code, _, err = call("orchestration", "upload", file)
    first, *listed = err.splitlines()
    assert (code, first) == (1, f"{file} cannot be uploaded.")
    assert {each.split(":")[0].strip() for each in listed} >= {"../x", "/y"}


def test_a_download_replaces_nothing_unless_told_to(
    call: Call, orchestration: macropod.Orchestration, tmp_path: Path
) -> None:
    target = tmp_path / "kept.zip"
    target.write_text("mine")
    code, out, err = call("orchestration", "download", orchestration.id, "--to", target)
    assert (code, out, target.read_text()) == (1, "", "mine")
    assert f"{target} is there already" in err
    assert "--force" in err
    assert call("orchestration", "download", orchestration.id, "--to", target, "--force")[0] == 0
    assert target.read_bytes()[:2] == b"PK"


def test_a_download_into_a_folder_that_is_missing_names_the_folder(
    call: Call, orchestration: macropod.Orchestration, tmp_path: Path
) -> None:
    code, _, err = call("orchestration", "download", orchestration.id, "--to", tmp_path / "nope" / "x")
    assert (code, err) == (1, f"There is no folder {tmp_path / 'nope'}; make it first.\n")


def test_a_server_without_a_known_token_is_met_with_what_to_do_in_a_shell(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("MACROPOD_CREDENTIALS", str(tmp_path / "none.json"))
    monkeypatch.setenv("MACROPOD_URL", "http://elsewhere")
    monkeypatch.delenv("MACROPOD_TOKEN", raising=False)
    with pytest.raises(SystemExit):
        main(["task", "list"])
    said = capsys.readouterr().err
    assert "No token is known for http://elsewhere. Run `macropod login --url http://elsewhere`" in said
    assert "Client" not in said


def test_what_cannot_be_an_id_is_not_asked_for(call: Call) -> None:
    assert call("run", "show", "../info")[2].startswith("'../info' is not an id")


def test_an_empty_token_is_called_empty(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    assert call("login")[2].startswith("The token is empty; `macropod-server token`")


def test_an_unknown_token_is_told_with_where_it_came_from(server: PlayedServer, call: Call) -> None:
    server.token = "unknown"
    assert "is the one given to" in call("task", "list")[2]
