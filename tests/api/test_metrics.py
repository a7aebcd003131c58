"""What Prometheus reads: counted by this server, and looked up at the moment it asks."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from macropod_server.app import create_app
from macropod_server.domain.errors import Unavailable
from macropod_server.domain.lines import Stream, encode_segment
from macropod_server.domain.naming import run_token
from macropod_server.domain.run import Reason
from macropod_server.flows.enqueue_due import enqueue_due
from macropod_server.flows.finish_run import Ending, finish_run
from macropod_server.flows.start_run import start_runs
from macropod_server.loops import Engine, Loop
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from tests.builders import NOON, make_task, runs_of

OWN_TOKEN = "only for scraping"


def read(client, **headers):
    """Every sample as `name{label=value}` to its number."""
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200, answer.text
    return {
        sample.name + "".join(f"{{{name}={word}}}" for name, word in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_runs_are_counted_by_how_they_ended_and_by_what_is_still_to_come(client, deps):
    first, *_ = [runs_of(deps, make_task(deps))[0] for _ in range(3)]
    finish_run(deps, first.id, Ending(Reason.KILL_REQUESTED), now=deps.clock())
    deps.clock.advance(seconds=90)
    found = read(client)
    assert found["macropod_runs_ended_total{kind=task}{reason=kill_requested}{status=killed}"] == 1
    assert found["macropod_runs_unfinished{status=queued}"] == 2
    assert found["macropod_runs_unfinished{status=running}"] == 0
    assert found["macropod_queue_oldest_seconds"] == 90
    assert found["macropod_database_up"] == 1


def test_starts_ticks_and_lines_are_measured(client, deps):
    make_task(deps, schedule="* * * * *")
    deps.clock.advance(seconds=75)
    enqueue_due(deps)
    start_runs(deps)
    (run,) = [order.run_id for order in deps.spawner.orders]
    batch = encode_segment(NOON, Stream.STDOUT, ["one", "three"])
    headers = {"Authorization": f"Bearer {run_token(run, key=deps.run_key)}"}
    for _ in range(2):
        assert client.post("/v1/runner/lines?first=1", content=batch, headers=headers).json() == {"expected": 3}
    found = read(client)
    assert found["macropod_spawn_seconds_count{outcome=started}"] == 1
    assert found["macropod_ticks_total{outcome=started}"] == 1
    assert found["macropod_tick_lateness_seconds_sum"] == 15
    assert (found["macropod_log_lines_total"], found["macropod_log_bytes_total"]) == (2, 8)


def test_loops_tell_their_heartbeat_and_their_failures(client, deps):
    has_failed = threading.Event()

    def fails(_deps):
        has_failed.set()
        raise Unavailable("The step was told to fail.")

    engine = Engine(deps, (Loop("failing", fails, lambda _deps: timedelta(1)),))
    engine.start()
    assert has_failed.wait(10)
    engine.stop()
    found = read(client)
    assert found["macropod_loop_failures_total{loop=failing}"] == 1
    assert found["macropod_errors_total{system=Unavailable}"] == 1
    assert 0 <= found["macropod_loop_silence_seconds{loop=failing}"] < 60


def test_metrics_are_told_with_the_database_away(deps):
    open_to_all = replace(deps, settings=replace(deps.settings, metrics_token="open"))
    with TestClient(create_app(open_to_all, with_engine=False)) as client:
        deps.settings.data_dir.rename(deps.settings.data_dir.with_name("away"))
        deps.database.engine.dispose()
        found = read(client)
    assert found["macropod_database_up"] == 0
    assert found["macropod_errors_total{system=DatabaseUnavailable}"] == 1


@pytest.mark.parametrize(
    ("wanted", "sent", "status"),
    [
        ("", None, 401),
        ("", "Bearer mpu_wrong", 401),
        (OWN_TOKEN, None, 401),
        (OWN_TOKEN, "Bearer something else", 401),
        (OWN_TOKEN, f"Bearer {OWN_TOKEN}", 200),
        ("open", None, 200),
    ],
)
def test_who_may_read_them_is_set(deps, wanted, sent, status):
    app = create_app(replace(deps, settings=replace(deps.settings, metrics_token=wanted)), with_engine=False)
    with TestClient(app) as stranger:
        assert stranger.get("/metrics", headers={"Authorization": sent} if sent else {}).status_code == status


def test_a_run_may_not_read_them(stranger, deps):
    (run,) = runs_of(deps, make_task(deps))
    headers = {"Authorization": f"Bearer {run_token(run.id, key=deps.run_key)}"}
    assert stranger.get("/metrics", headers=headers).status_code == 401
