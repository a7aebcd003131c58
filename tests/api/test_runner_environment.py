"""Environments over HTTP: sent by the runner that built one, fetched by the runner that needs it."""

import hashlib

import pytest
from macropod_server.app import create_app
from macropod_server.db.tables import Environment, Run
from macropod_server.domain.run import Reason
from macropod_server.flows.start_run import start_runs
from starlette.testclient import TestClient

from tests.builders import all_rows, make_deps, make_task, orchestration_of, runs_of
from tests.flows.test_package_orchestration import agree, begin_packaging, end

PACKED = b"packed" * 100_000
SHA256 = hashlib.sha256(PACKED).hexdigest()


@pytest.fixture
def deps(deps):
    deps.spawner.keeps_environments = False
    return deps


@pytest.fixture
def packaging(deps):
    """A run that builds."""
    _, run = begin_packaging(deps)
    agree(deps, run)
    return run


def as_run(deps, run):
    (order,) = [order for order in deps.spawner.orders if order.run_id == run.id]
    return {"Authorization": f"Bearer {order.token}"}


def send(http, deps, run, content=PACKED, **query):
    query = {"sha256": SHA256, "size": len(PACKED)} | query
    return http.put("/v1/runner/environment", params=query, content=content, headers=as_run(deps, run))


def fetch(http, deps, run):
    return http.get("/v1/runner/environment", headers=as_run(deps, run))


def a_run(deps, packaging):
    """One that uses what was built."""
    task = make_task(deps, orchestration_of(deps, packaging))
    start_runs(deps)
    return runs_of(deps, task)[0]


def kept_files(deps):
    return [path.name for path in deps.settings.resolved_storage_path.rglob("*") if path.is_file()]


def test_what_was_sent_comes_back_to_the_byte(stranger, deps, packaging):
    assert send(stranger, deps, packaging).status_code == 204
    end(deps, packaging)
    run = a_run(deps, packaging)
    told = stranger.get("/v1/runner/spec", headers=as_run(deps, run)).json()
    assert told["environment"] == {"sha256": SHA256, "size": len(PACKED)}
    assert told["sends_environment"] is False
    assert fetch(stranger, deps, run).content == PACKED


def test_packaging_is_told_to_send(stranger, deps, packaging):
    told = stranger.get("/v1/runner/spec", headers=as_run(deps, packaging)).json()
    assert (told["sends_environment"], told["environment"]) == (True, None)


def test_it_may_be_sent_again(stranger, deps, packaging):
    assert [send(stranger, deps, packaging).status_code for _ in range(3)] == [204] * 3
    assert len(kept_files(deps)) == 2


@pytest.mark.parametrize(
    ("content", "query", "status"),
    [
        (PACKED[:-1], {}, 503),
        (PACKED[:-1] + b"?", {}, 503),
        (PACKED + b"?", {}, 413),
        (PACKED, {"sha256": "no digest"}, 422),
        (PACKED, {"size": 0}, 422),
    ],
)
def test_what_is_not_as_it_was_announced_leaves_nothing(stranger, deps, packaging, content, query, status):
    assert send(stranger, deps, packaging, content, **query).status_code == status
    assert len(kept_files(deps)) == 1
    assert [row.archive_sha256 for row in all_rows(deps, Environment)] == [None]


def test_what_is_over_the_limit_is_refused_before_it_is_read(tmp_path):
    deps = make_deps(tmp_path, environment_max_bytes=1000)
    deps.spawner.keeps_environments = False
    _, run = begin_packaging(deps)
    agree(deps, run)
    with TestClient(create_app(deps, with_engine=False)) as http:
        answer = send(http, deps, run, b"", size=1001)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert "MACROPOD_ENVIRONMENT_MAX_BYTES" in answer.json()["message"]
    deps.logs.close()
    deps.database.close()


def test_only_the_run_that_builds_it_may_send_it(stranger, deps, packaging, client):
    _, waiting = begin_packaging(deps)
    agree(deps, waiting)
    assert send(stranger, deps, waiting).status_code == 409
    assert send(stranger, deps, packaging).status_code == 204
    end(deps, packaging)
    assert send(stranger, deps, packaging).status_code == 401
    assert send(stranger, deps, a_run(deps, packaging)).status_code == 409


def test_people_neither_send_nor_fetch(client):
    for answer in (client.put("/v1/runner/environment", content=b""), client.get("/v1/runner/environment")):
        assert answer.status_code == 403


def test_a_run_without_one_is_told_so(stranger, deps, packaging):
    answer = fetch(stranger, deps, packaging)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def damage(deps):
    place = deps.settings.resolved_storage_path / SHA256[:2] / SHA256[2:]
    place.write_bytes(b"?" + PACKED[1:])


def test_what_turns_out_damaged_is_built_anew_while_the_next_attempt_waits(stranger, deps, packaging):
    send(stranger, deps, packaging)
    end(deps, packaging)
    run = a_run(deps, packaging)
    damage(deps)
    assert hashlib.sha256(fetch(stranger, deps, run).content).hexdigest() != SHA256
    assert [row.status for row in all_rows(deps, Environment)] == ["building"]
    assert fetch(stranger, deps, run).status_code == 404
    end(deps, run, Reason.COULD_NOT_START, "The installed packages arrived damaged.")
    deps.clock.advance(minutes=1)
    start_runs(deps)
    attempts = sorted(
        (each.attempt, each.status, each.reason) for each in all_rows(deps, Run) if each.task_id == run.task_id
    )
    assert attempts == [(1, "failure", "could_not_start"), (2, "queued", None)]
    assert orchestration_of(deps, run).status == "pending_packaging"


def test_what_has_vanished_is_built_anew_by_the_next_packaging(stranger, deps, packaging):
    send(stranger, deps, packaging)
    end(deps, packaging)
    run = a_run(deps, packaging)
    deps.storage.delete(SHA256)
    assert fetch(stranger, deps, run).status_code == 404
    assert [row.status for row in all_rows(deps, Environment)] == ["building"]
