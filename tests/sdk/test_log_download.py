"""The whole log of a run in a file, by the client and the command."""

import gzip
import json
from pathlib import Path

import macropod
import pytest

from tests.sdk_calls import Call
from tests.sdk_server import PlayedServer


@pytest.fixture
def run(server: PlayedServer, client: macropod.Client, hello: Path) -> macropod.Run:
    task = client.upload_orchestration(hello).run_once("hello")
    server.start().prints("one", "two")
    [run] = task.last_runs()
    return run


def test_a_log_is_written_to_a_file_or_into_a_folder(run: macropod.Run, tmp_path: Path) -> None:
    assert run.download_logs(tmp_path) == tmp_path / f"run-{run.id}.log"
    assert (tmp_path / f"run-{run.id}.log").read_text() == "one\ntwo\n"
    packed = run.download_logs(tmp_path / "log", format="jsonl", gzip=True)
    lines = gzip.decompress(packed.read_bytes()).splitlines()
    assert [json.loads(line)["text"] for line in lines] == ["one", "two"]


def test_a_file_that_is_there_is_replaced_only_on_request(run: macropod.Run, tmp_path: Path) -> None:
    target = tmp_path / "log"
    target.write_text("mine")
    with pytest.raises(macropod.Invalid):
        run.download_logs(target)
    assert target.read_text() == "mine"
    assert run.download_logs(target, overwrite=True).read_text() == "one\ntwo\n"


def test_a_form_that_is_not_known_leaves_nothing_behind(run: macropod.Run, tmp_path: Path) -> None:
    with pytest.raises(macropod.Invalid):
        run.download_logs(tmp_path / "log", format="xml")  # type: ignore[arg-type]
    assert list(tmp_path.glob("log*")) == list(tmp_path.glob(".macropod*")) == []


def test_the_command_writes_the_log_and_prints_where_it_is(call: Call, run: macropod.Run, tmp_path: Path) -> None:
    target = tmp_path / "out.gz"
    code, out, _ = call("run", "download-logs", run.id, "--to", target, "--gzip", "-o", "name")
    assert (code, out.strip()) == (0, str(target))
    assert gzip.decompress(target.read_bytes()) == b"one\ntwo\n"
    assert call("run", "download-logs", run.id, "--to", target)[0] == 1
    assert call("run", "download-logs", run.id, "--to", target, "--force")[0] == 0
    assert target.read_bytes() == b"one\ntwo\n"
