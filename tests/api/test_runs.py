"""What can be done with one run over HTTP, and pools."""

import pytest
from macropod_server.api import examples
from macropod_server.api.lineage import LineageOut
from macropod_server.api.pools import PoolOut
from macropod_server.domain.naming import run_token
from macropod_server.domain.run import Reason
from macropod_server.flows.finish_run import Ending, finish_run
from macropod_server.flows.start_run import start_runs
from sqlalchemy import event

from tests.builders import make_task, runs_of, upload


def called(client, deps, run, nonce="its own"):
    """Its runner asks what to do."""
    headers = {"Authorization": f"Bearer {run_token(run.id, key=deps.run_key)}", "Macropod-Runner": "0.1.0"}
    headers["Macropod-Runner-Nonce"] = nonce
    return client.get("/v1/runner/spec", headers=headers).json()


def newest(deps, task):
    return runs_of(deps, task)[-1]


def fail(deps, run):
    finish_run(deps, run.id, Ending(Reason.EXIT_CODE, "main.py ended with exit code 3.", exit_code=3), now=deps.clock())


def test_one_run_is_killed_and_says_by_whom(client, deps):
    task = make_task(deps)
    start_runs(deps)
    run = newest(deps, task)
    called(client, deps, run)
    answer = client.post(f"/v1/runs/{run.id}/kill")
    assert (answer.status_code, answer.json()["status"], answer.json()["stop_requested_by"]) == (
        202,
        "running",
        "admin@localhost",
    )
    assert client.get(f"/v1/tasks/{task.id}").json()["status"] == "started"


def test_a_second_runner_of_a_run_is_refused_and_the_first_may_ask_again(client, deps):
    task = make_task(deps)
    start_runs(deps)
    run = newest(deps, task)
    answers = [called(client, deps, run, nonce) for nonce in ("first", "first", "second")]
    assert [answer.get("code", "spec") for answer in answers] == ["spec", "spec", "conflict"]


def test_a_queued_run_is_killed_at_once_and_killing_it_again_changes_nothing(client, deps):
    run = newest(deps, make_task(deps))
    first, again = (client.post(f"/v1/runs/{run.id}/kill") for _ in range(2))
    assert first.json() == again.json()
    assert (first.json()["status"], first.json()["message"]) == ("killed", "The run was stopped before it started.")


def test_a_run_is_run_again_and_tells_what_differs(client, deps):
    task = make_task(deps)
    start_runs(deps)
    fail(deps, newest(deps, task))
    deps.clock.advance(seconds=1)
    answer = client.post(f"/v1/runs/{newest(deps, task).id}/rerun")
    assert (answer.status_code, answer.json()["differences"]) == (201, [])
    assert (answer.json()["run"]["cause"], answer.json()["run"]["requested_by"]) == ("rerun", "admin@localhost")


def test_a_run_of_a_killed_task_is_not_run_again(client, deps):
    task = make_task(deps)
    client.post(f"/v1/tasks/{task.id}/kill")
    answer = client.post(f"/v1/runs/{newest(deps, task).id}/rerun")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


def test_the_lineage_tells_what_made_a_run(client, deps):
    orchestration = upload(deps)
    task = make_task(deps, orchestration, json_args={"a": 1}, retries=1, retry_delay_seconds=0)
    start_runs(deps)
    called(client, deps, newest(deps, task))
    fail(deps, newest(deps, task))
    first, second = runs_of(deps, task)
    told = client.get(f"/v1/runs/{first.id}/lineage").json()
    assert (told["bundle_sha256"], told["lock_digest"], told["arguments"]) == (orchestration.sha256, None, {"a": 1})
    assert (told["runner_version"], told["spawner"], told["cause"]) == ("0.1.0", "fake", "ordered")
    attempts = [(each["run_id"], each["attempt"], each["status"]) for each in told["attempts"]]
    assert attempts == [(first.id, 1, "failure"), (second.id, 2, "queued")]
    assert client.get(f"/v1/runs/{second.id}/lineage").json()["attempts"] == told["attempts"]


@pytest.mark.parametrize(("method", "path"), [("GET", "/lineage"), ("POST", "/kill"), ("POST", "/rerun")])
def test_a_run_there_is_not_is_not_found(client, method, path):
    assert client.request(method, f"/v1/runs/nobody{path}").status_code == 404


def test_a_queued_run_tells_what_it_waits_for(client, deps):
    holder = make_task(deps, locks=["warehouse"])
    start_runs(deps)
    waiting = make_task(deps, locks=["warehouse"])
    sentence = f"waiting for lock warehouse, held by run {newest(deps, holder).id}"
    assert client.get(f"/v1/runs/{newest(deps, waiting).id}").json()["waiting_for"] == sentence
    listed = {run["task_id"]: run["waiting_for"] for run in client.get("/v1/runs").json()["items"]}
    assert listed == {holder.id: None, waiting.id: sentence}


def test_a_page_of_waiting_runs_takes_as_many_queries_as_one(client, deps):
    orchestration, statements = upload(deps), []
    event.listen(deps.database.engine, "before_cursor_execute", lambda *call: statements.append(call[2]))

    def queries():
        statements.clear()
        assert all(run["waiting_for"] for run in client.get("/v1/runs").json()["items"])
        return len(statements)

    client.get("/v1/info")  # The use of a token is noted once a minute.
    make_task(deps, orchestration, locks=["a"])
    few = queries()
    for name in "abcdefgh":
        make_task(deps, orchestration, locks=[name, "z"])
    assert queries() == few


def test_the_runner_gets_what_its_task_says(client, deps):
    task = make_task(deps, grace_seconds=0, silence_timeout_seconds=7, debug=True)
    start_runs(deps)
    spec = called(client, deps, newest(deps, task))
    assert (spec["grace_seconds"], spec["silence_timeout_seconds"], spec["debug"]) == (0, 7, True)
    assert client.get(f"/v1/runs/{newest(deps, task).id}").json()["runner_version"] == "0.1.0"


def test_a_pool_is_given_a_size_and_shows_who_holds_it(client, deps):
    assert client.put("/v1/pools/gpu", json={"size": 2}).json() == {"name": "gpu", "size": 2, "held_by": []}
    task = make_task(deps, name="train", locks=["gpu", "a/b c"])
    start_runs(deps)
    listed = client.get("/v1/pools").json()["items"]
    assert [(pool["name"], pool["size"], len(pool["held_by"])) for pool in listed] == [("a/b c", 1, 1), ("gpu", 2, 1)]
    (place,) = client.get("/v1/pools/a%2Fb%20c").json()["held_by"]
    assert (place["run_id"], place["task_name"], place["number"]) == (newest(deps, task).id, "train", 1)
    assert client.delete("/v1/pools/gpu").status_code == 204
    assert client.get("/v1/pools/gpu").json()["size"] == 1
    assert client.delete("/v1/pools/gpu").status_code == 404


@pytest.mark.parametrize("size", [0, -1, 10_001, "2", 1.5, None, True])
def test_a_size_no_pool_can_have_is_refused(client, size):
    answer = client.put("/v1/pools/gpu", json={"size": size})
    assert (answer.status_code, answer.json()["details"][0]["where"]) == (422, "size")


def test_a_name_no_pool_can_have_is_refused(client):
    assert client.put(f"/v1/pools/{'x' * 201}", json={"size": 1}).status_code == 422


@pytest.mark.parametrize(("shape", "example"), [(LineageOut, examples.LINEAGE), (PoolOut, examples.POOL)])
def test_the_examples_have_the_shapes_they_are_examples_of(shape, example):
    assert shape(**example).model_dump().keys() == example.keys()
