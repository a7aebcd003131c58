"""Runs that are repeated, ended, explained and that wait for a lock, on the real application."""

import json
from pathlib import Path
from typing import Any

import macropod
import pytest
import typer
from macropod.cli.endings import stay
from macropod.cli.output import Output

from tests.sdk_calls import Call
from tests.sdk_server import PlayedServer


@pytest.fixture
def orchestration(client: macropod.Client, hello: Path) -> macropod.Orchestration:
    return client.upload_orchestration(hello, name="hello")


def run_of(task: macropod.Task) -> macropod.Run:
    return task.last_runs(limit=1)[0]


def answer(call: Call, *arguments: object) -> Any:
    code, out, err = call(*arguments, "-o", "json")
    assert code == 0, err
    return json.loads(out)


def test_a_run_is_repeated_with_what_it_had(server: PlayedServer, orchestration: macropod.Orchestration) -> None:
    task = orchestration.run_once("hello", {"dogs": 3})
    first = run_of(task)
    server.start().ends("exit_code", exit_code=3)
    server.clock.advance(seconds=1)
    again = first.rerun()
    assert (again.cause, again.rerun_of, again.requested_by, again.differences) == (
        "rerun",
        first.id,
        "admin@localhost",
        (),
    )
    assert server.start().spec["arguments"] == {"dogs": 3}
    assert task.last_runs() == [again, first]


def test_a_further_attempt_is_found_and_stayed_for(
    server: PlayedServer, call: Call, capsys: pytest.CaptureFixture[str], orchestration: macropod.Orchestration
) -> None:
    task = orchestration.run_once("hello", retries=1, retry_delay=1)
    first, playing = run_of(task), server.start()
    server.clock.advance(seconds=1)
    playing.ends("exit_code", exit_code=3)
    second = first.refresh().next_attempt()
    assert second is not None
    assert (second.attempt, second.cause, second.first_run_id) == (2, "retry", first.id)
    assert task.last_runs(limit=1) == [second]
    server.clock.advance(seconds=5)
    playing = server.start()
    playing.prints("better")
    playing.ends()
    assert second.refresh().next_attempt() is None
    assert call("run", "logs", second.id, "--follow")[:2] == (0, "better\n")
    with pytest.raises(typer.Exit) as left:
        stay(first, Output.JSON, follow=False, seconds=5)
    said = capsys.readouterr()
    assert (left.value.exit_code, json.loads(said.out)["id"]) == (0, second.id)
    assert f"failure. Attempt 2 is run {second.id}." in said.err


def test_a_run_that_goes_on_is_not_repeated(orchestration: macropod.Orchestration) -> None:
    run = run_of(orchestration.run_once("hello"))
    with pytest.raises(macropod.Conflict, match="Wait for its end"):
        run.rerun()


def test_a_run_is_ended_and_its_task_goes_on(server: PlayedServer, orchestration: macropod.Orchestration) -> None:
    task = orchestration.run_scheduled("daily", "@daily")
    run = task.run()
    assert run.kill() == "killed"
    assert (run.status(), run.stop_requested_by) == ("killed", "admin@localhost")
    assert run.kill() == "killed"
    assert (task.status(), task.active) == ("started", True)


def test_a_queued_run_says_what_it_waits_for(server: PlayedServer, orchestration: macropod.Orchestration) -> None:
    first = run_of(orchestration.run_once("first", locks=["warehouse"]))
    server.clock.advance(seconds=1)
    second = run_of(orchestration.run_once("second", locks=["warehouse"]))
    playing = server.start()
    assert playing.id == first.id
    assert "warehouse" in (second.refresh().waiting_for or "")
    assert first.id in (second.waiting_for or "")
    assert first.refresh().waiting_for is None
    assert second.waiting_for in dict(second._facts())["waiting for"]


def test_the_lineage_of_a_run_tells_what_made_it(
    server: PlayedServer, call: Call, orchestration: macropod.Orchestration
) -> None:
    run = run_of(orchestration.run_once("hello", {"dogs": 3}))
    server.start().ends()
    lineage = run.lineage()
    told = answer(call, "run", "lineage", run.id)
    assert told == lineage.to_dict()
    assert orchestration.sha in call("run", "lineage", run.id)[1]


def test_a_pool_lets_several_runs_hold_a_lock(
    server: PlayedServer, client: macropod.Client, orchestration: macropod.Orchestration
) -> None:
    assert client.pools() == []
    made = client.set_pool("warehouse/north", 2)
    assert (made.name, made.size, made.held_by) == ("warehouse/north", 2, ())
    run = run_of(orchestration.run_once("first", locks=["warehouse/north"]))
    server.start()
    [pool] = client.pools()
    assert [(place.number, place.run_id, place.task_name) for place in pool.held_by] == [(1, run.id, "first")]
    assert run.id in client.pools()._repr_html_()
    assert run.id in pool._repr_html_()
    client.remove_pool("warehouse/north")
    with pytest.raises(macropod.NotFound):
        client.remove_pool("warehouse/north")
    assert [each.size for each in client.pools()] == [1]


@pytest.mark.parametrize(
    ("name", "size", "said"), [("", 2, "name is empty"), ("x", 0, "size is 0"), ("x", "2", "size")]
)
def test_a_pool_that_cannot_be_is_refused(client: macropod.Client, name: str, size: Any, said: str) -> None:
    with pytest.raises(macropod.Invalid, match=said):
        client.set_pool(name, size)


def test_pools_are_set_listed_and_removed_by_command(call: Call) -> None:
    assert answer(call, "pool", "set", "press", 3) == {"name": "press", "size": 3, "held_by": []}
    assert [each["name"] for each in answer(call, "pool", "list")] == ["press"]
    assert "press" in call("pool", "list")[1]
    assert call("pool", "remove", "press", "-o", "name")[1] == "press\n"
    assert call("pool", "list", "-o", "name")[1] == ""


def test_runs_are_repeated_and_ended_by_command(
    server: PlayedServer, call: Call, orchestration: macropod.Orchestration
) -> None:
    run = run_of(orchestration.run_once("hello"))
    server.start().ends()
    server.clock.advance(seconds=1)
    code, out, err = call("run", "rerun", run.id, "--wait", "--wait-timeout", "0.2")
    assert (code, out) == (4, "")
    [again, _] = orchestration.list_tasks()[0].last_runs()
    assert f"Made run {again.id}." in err
    killed = answer(call, "run", "kill", again.id)
    assert (killed["status"], killed["stop_requested_by"]) == ("killed", "admin@localhost")
