"""Whether a server lives, and whether it should be sent work."""

import threading
import time
from datetime import timedelta

import pytest
from macropod_server.app import create_app
from macropod_server.flows.start_run import start_runs
from macropod_server.loops import Engine, Loop
from starlette.testclient import TestClient

from tests.builders import make_task


@pytest.fixture
def app(deps):
    return create_app(deps)


def ready(client):
    answer = client.get("/health/ready")
    return answer.status_code, answer.json().get("message")


def test_a_server_with_its_engine_going_round_is_ready(stranger):
    assert ready(stranger) == (200, None)
    assert stranger.get("/health/live").json() == {"status": "live"}


def test_a_server_that_could_not_adopt_its_runs_is_not_ready_until_it_can(deps):
    make_task(deps)
    start_runs(deps)
    deps.clock.advance(seconds=1)
    deps.spawner.become_unavailable()
    engine = Engine(deps, loops=())
    engine.start()
    assert "cannot look after the runs it left yet" in engine.trouble()
    deps.spawner.become_available()
    deadline = time.monotonic() + 10
    while engine.trouble() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert engine.trouble() is None
    engine.stop()


def test_a_loop_that_stays_at_a_step_makes_the_server_unready(deps):
    is_over = threading.Event()
    engine = Engine(deps, (Loop("stuck", lambda _deps: is_over.wait(), lambda _deps: timedelta(1)),))
    engine.start()
    assert engine.trouble() is None
    deps.clock.advance(seconds=301)
    assert engine.trouble().startswith("The loop stuck has been at the same step for 301 s")
    is_over.set()
    engine.stop()


def test_a_server_whose_database_is_away_is_not_ready_but_lives(stranger, deps):
    folder = deps.settings.data_dir
    folder.rename(folder.with_name("away"))
    deps.database.engine.dispose()
    status, message = ready(stranger)
    assert (status, message.startswith("The database does not answer")) == (503, True)
    assert stranger.get("/health/live").status_code == 200
    folder.with_name("away").rename(folder)
    assert ready(stranger) == (200, None)


def test_a_server_that_leaves_something_to_another_spawner_is_ready_and_says_so(stranger, deps):
    make_task(deps)
    start_runs(deps)
    deps.spawner.name = "another"
    told = stranger.get("/health/ready").json()
    assert told["status"] == "ready"
    assert told["reason"].startswith("This server has the spawner another. 1 run of the spawner fake are left")


def test_an_engine_alone_tells_health_and_metrics_and_nothing_else(deps):
    with TestClient(create_app(deps, with_api=False)) as client:
        assert ready(client) == (200, None)
        assert client.get("/metrics").status_code == 401
        assert client.get("/v1/runs").status_code == 404
        assert client.get("/v1/runner/spec").status_code == 404


def test_a_server_that_was_told_to_stop_is_not_ready_and_answers_all_the_same(client, stranger, deps):
    assert "connection" not in client.get("/v1/info").headers
    deps.signals.is_stopping = True
    status, message = ready(stranger)
    assert (status, "told to stop" in message) == (503, True)
    assert stranger.get("/health/live").status_code == 200
    answer = client.get("/v1/info")
    assert (answer.status_code, answer.headers["connection"]) == (200, "close")
