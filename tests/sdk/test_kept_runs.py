"""Client and command pin runs and tell what logs take."""

import json
from pathlib import Path
from typing import Any

import macropod
import pytest
from macropod_server.flows.merge_logs import merge_logs

from tests.sdk_calls import Call
from tests.sdk_server import PlayedServer


@pytest.fixture
def run(server: PlayedServer, client: macropod.Client, hello: Path) -> macropod.Run:
    """One that has ended and printed two lines."""
    task = client.upload_orchestration(hello, name="hello").run_once("hello")
    played = server.start()
    played.prints("a", "b")
    played.ends()
    server.clock.advance(minutes=5)
    merge_logs(server.deps)
    return task.last_runs(limit=1)[0]


def answer(call: Call, *arguments: object) -> Any:
    code, out, err = call(*arguments, "-o", "json")
    assert code == 0, err
    return json.loads(out)


def test_a_run_is_pinned_and_unpinned(run: macropod.Run) -> None:
    assert (run.pinned_at, run.pinned_by, run.log_removed_at, run.log_removed_for) == (None, None, None, None)
    assert run.pin() is run
    assert (run.pinned_by, run.pinned_at is not None) == ("admin@localhost", True)
    assert run.refresh().pinned_at == run.pin().pinned_at
    assert dict(run._facts())["pinned"].endswith("by admin@localhost")
    assert run.unpin().pinned_at is None
    assert "pinned" not in dict(run._facts())


def test_a_run_is_pinned_and_unpinned_by_command(call: Call, run: macropod.Run) -> None:
    assert answer(call, "run", "pin", run.id)["pinned_by"] == "admin@localhost"
    assert call("run", "unpin", run.id, "-o", "name")[1] == f"{run.id}\n"
    assert call("run", "pin", "0b0f6d5e-7a53-4a6c-9d3c-2f6f5f0f8a11")[0] == 4


def test_what_logs_take_is_told(client: macropod.Client, run: macropod.Run) -> None:
    run.pin()
    usage = client.log_usage()
    assert (usage.total.runs, usage.total.lines, usage.total.text_bytes, usage.pinned.runs) == (1, 2, 2, 1)
    assert (usage.database_bytes, usage.bucket_bytes) == (usage.total.bytes, 0)
    assert (usage.keep_days, usage.keep_bytes) == (30, None)
    assert usage.oldest_line_at is not None
    assert [(each.task_name, each.lines) for each in usage.tasks] == [("hello", 2)]
    assert client.log_usage(tasks=0).tasks == ()
    with pytest.raises(macropod.Invalid, match="tasks"):
        client.log_usage(tasks=-1)


def test_what_logs_take_is_told_by_command(call: Call, run: macropod.Run) -> None:
    told = answer(call, "logs", "usage", "--tasks", 1)
    assert (told["runs"], told["lines"], told["tasks"][0]["task_id"]) == (1, 2, run.task_id)
    shown = call("logs", "usage")[1]
    assert "task hello" in shown
    assert "30 days" in shown
    assert call("logs", "usage", "-o", "name")[1] == f"{told['bytes']}\n"
