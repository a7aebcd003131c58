"""Secret values of a run are nowhere in what is stored of it, by whatever way its output comes."""

from dataclasses import replace

import pytest
from macropod_server.app import close_deps, create_app
from macropod_server.domain.lines import Stream
from macropod_server.domain.naming import run_token
from macropod_server.flows.issue_token import issue_token
from macropod_server.flows.recover_lines import recover_lines
from macropod_server.flows.start_run import start_runs
from starlette.testclient import TestClient

from tests.batches import batch
from tests.builders import make_deps, make_task, reread, runs_of
from tests.runner.runner_process import RunnerProcess
from tests.runner.server_double import ServerDouble

VALUES = ["hunter22", "two\nlined-value"]


@pytest.fixture
def deps(tmp_path):
    """With values at hand, as whoever keeps secrets will hand them in."""
    deps = replace(make_deps(tmp_path), secrets_of=lambda run: VALUES if run.kind == "task" else [])
    yield deps
    close_deps(deps)


@pytest.fixture
def run(deps):
    task = make_task(deps)
    start_runs(deps)
    return runs_of(deps, task)[0]


@pytest.fixture
def runner(deps, run):
    headers = {"Authorization": f"Bearer {run_token(run.id, key=deps.run_key)}"}
    with TestClient(create_app(deps, with_engine=False), headers=headers) as client:
        yield client


def texts(deps, run):
    return [line.text for line in deps.logs.read(run.id)]


def test_what_a_runner_sends_is_stored_and_shown_without_the_values(deps, run, runner):
    first = batch("token hunter22", "two") + batch("err hunter22", stream=Stream.STDERR)
    assert runner.post("/v1/runner/lines?first=1", content=first).json() == {"expected": 4}
    assert runner.post("/v1/runner/lines?first=1", content=first).json() == {"expected": 4}
    assert runner.post("/v1/runner/lines?first=4", content=batch("lined-value")).json() == {"expected": 5}
    token = issue_token(deps.database, name="reader", now=deps.clock())
    answer = runner.get(f"/v1/runs/{run.id}/logs?tail=9", headers={"Authorization": f"Bearer {token}"})
    assert [line["text"] for line in answer.json()["lines"]] == ["token ***", "two", "err ***", "***"]


def test_the_sentence_a_run_ends_with_does_not_tell_a_value(deps, run, runner):
    runner.get("/v1/runner/spec")
    error = {"exception": "ValueError", "message": "hunter22 is wrong", "file": "main.py", "line": 3}
    told = {"reason": "exit_code", "exit_code": 1, "message": "ValueError: hunter22 is wrong", "error": error}
    assert runner.post("/v1/runner/end", json=told).status_code == 204
    ended = reread(deps, run)
    assert (ended.message, ended.error.message) == ("ValueError: *** is wrong", "*** is wrong")


@pytest.mark.parametrize("output", [["a hunter22", "b", "hunter22 c"], ["a ***", "b", "*** c"]])
def test_lines_fetched_from_a_container_are_masked_and_none_of_them_doubles_what_was_sent(deps, run, runner, output):
    runner.post("/v1/runner/lines?first=1", content=batch("a hunter22", "b"))
    deps.spawner.containers.outputs[run.id] = output
    recover_lines(deps, run, now=deps.clock())
    assert [text for text in texts(deps, run) if "The runner ended" not in text] == ["a ***", "b", "*** c"]


def test_the_runner_is_told_what_to_leave_out_of_its_own_output(deps, run, runner):
    told = runner.get("/v1/runner/spec").json()["masked"]
    assert {"hunter22", "lined-value", "two\\nlined-value"} <= set(told)


def test_a_real_runner_shows_no_value_on_its_own_output_nor_in_its_last_words(tmp_path):
    main = "print('token hunter22', flush=True)\nraise SystemExit('no hunter22 here')"
    with ServerDouble({"main.py": main}, masked=["hunter22"]) as server, RunnerProcess(server, tmp_path) as runner:
        runner.wait()
    assert sorted(runner.output.read_text().splitlines()) == sorted(server.texts) == ["no *** here", "token ***"]
    assert "hunter22" not in str(server.end)
