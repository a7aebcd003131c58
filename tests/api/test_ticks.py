"""Ticks, cadence, backfill, runs by hand and pauses over HTTP."""

from datetime import timedelta

import pytest
from macropod_server.api import account_examples, examples
from macropod_server.api.ticks import CadenceOut, SpanIn, TickOut
from macropod_server.api.workspace import WorkspaceStateOut

from tests.builders import NOON, make_task, runs_of
from tests.clockwork import away, begin, end, minutes_pass


def moment(minutes):
    return (NOON + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")


@pytest.fixture
def task(deps):
    return make_task(deps, schedule="*/10 * * * *")


def test_ticks_are_listed_newest_due_moment_first_in_pages(client, deps, task):
    away(deps, minutes=45)
    (run,) = runs_of(deps, task)
    first = client.get(f"/v1/tasks/{task.id}/ticks?limit=3").json()
    assert [tick["due_at"] for tick in first["items"]] == [moment(40), moment(30), moment(20)]
    assert first["items"][0] == {
        "task_id": task.id,
        "due_at": moment(40),
        "outcome": "started",
        "reason": None,
        "run_id": run.id,
        "created_at": moment(45),
    }
    second = client.get(f"/v1/tasks/{task.id}/ticks", params={"limit": 3, "before": first["next_before"]}).json()
    assert ([tick["due_at"] for tick in second["items"]], second["next_before"]) == ([moment(10)], None)


def test_ticks_of_one_outcome(client, deps, task):
    away(deps, minutes=45)
    missed = client.get(f"/v1/tasks/{task.id}/ticks?outcome=missed").json()["items"]
    assert [tick["reason"] for tick in missed] == ["The server was away; only the latest missed tick runs."] * 3
    refused = client.get(f"/v1/tasks/{task.id}/ticks?outcome=late")
    assert (refused.status_code, refused.json()["details"][0]["where"]) == (422, "outcome")
    assert client.get(f"/v1/tasks/{task.id}/ticks?before=soon").status_code == 422


@pytest.mark.parametrize("path", ["ticks", "cadence"])
def test_of_a_task_that_is_not_there_nothing_is_told(client, path):
    assert client.get(f"/v1/tasks/nope/{path}").status_code == 404


def test_the_cadence_says_how_late_it_was(client, deps):
    task = make_task(deps, schedule="* * * * *", overlap="skip")
    minutes_pass(deps, 1)
    deps.clock.advance(seconds=41)
    run = begin(deps, runs_of(deps, task)[0])
    deps.clock.advance(seconds=-41)
    minutes_pass(deps, 3)
    end(deps, run)
    facts = client.get(f"/v1/tasks/{task.id}/cadence?days=1").json()
    assert (facts["ticks"], facts["outcomes"]["skipped"], facts["skipped_share"]) == (4, 3, 0.75)
    assert facts["started_late_seconds"] == {"median": 41, "p95": 41, "worst": 41}
    assert facts["drift"] == "3 of 4 ticks were skipped; runs started up to 41 s late."
    assert client.get(f"/v1/tasks/{task.id}/cadence?days=0").status_code == 422


def test_the_cadence_of_a_window_leaves_out_what_was_before(client, deps, task):
    away(deps, days=3)
    assert client.get(f"/v1/tasks/{task.id}/cadence?days=1").json()["ticks"] == 24 * 6 + 1


def test_a_backfill_answers_with_the_ticks_it_filled(client, deps, task):
    away(deps, minutes=25)
    span = {"from_at": "2026-03-02T12:05:00", "to_at": moment(25)}
    filled = client.post(f"/v1/tasks/{task.id}/backfill", json=span)
    assert (filled.status_code, [tick["due_at"] for tick in filled.json()["items"]]) == (201, [moment(10)])
    assert client.post(f"/v1/tasks/{task.id}/backfill", json=span).json() == {"items": []}
    (first, _) = runs_of(deps, task)
    assert {run.cause for run in runs_of(deps, task)} == {"backfill", "schedule"}
    assert client.get(f"/v1/runs/{first.id}").json()["due_at"] in (moment(10), moment(20))


@pytest.mark.parametrize(
    ("span", "where"),
    [
        ({"from_at": moment(0)}, "to_at"),
        ({"from_at": moment(5), "to_at": moment(0)}, "from_at"),
        ({"from_at": moment(0), "to_at": moment(60)}, "to_at"),
        ({"from_at": moment(0), "to_at": moment(5), "count": 1}, "count"),
    ],
)
def test_a_backfill_names_what_is_wrong_with_its_span(client, deps, task, span, where):
    deps.clock.advance(minutes=20)
    answer = client.post(f"/v1/tasks/{task.id}/backfill", json=span)
    assert (answer.status_code, answer.json()["details"][0]["where"]) == (422, where)


def test_a_task_is_run_by_hand_once_per_key(client, deps, task):
    made = [client.post(f"/v1/tasks/{task.id}/run", headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert [answer.status_code for answer in made] == [201, 201]
    told = made[0].json()
    assert (told["id"], told["cause"], told["requested_by"], told["due_at"]) == (
        made[1].json()["id"],
        "ordered",
        "admin@localhost",
        None,
    )
    assert len(runs_of(deps, task)) == 1


def test_the_overlap_policy_answers_orders_too(client, deps):
    skipping, queueing = (make_task(deps, schedule="@daily", overlap=overlap) for overlap in ("skip", "queue_one"))
    skipped = [client.post(f"/v1/tasks/{skipping.id}/run") for _ in range(2)]
    assert [answer.status_code for answer in skipped] == [201, 409]
    assert skipped[0].json()["id"] in skipped[1].json()["message"]
    queued = [client.post(f"/v1/tasks/{queueing.id}/run") for _ in range(3)]
    assert [answer.status_code for answer in queued] == [201, 201, 200]
    assert queued[2].json()["id"] == queued[1].json()["id"]


def test_a_task_is_paused_and_resumed(client, task):
    paused = client.post(f"/v1/tasks/{task.id}/pause", json={"reason": "the warehouse moves"}).json()
    assert (paused["status"], paused["paused_by"], paused["pause_reason"]) == (
        "paused",
        "admin@localhost",
        "the warehouse moves",
    )
    assert client.post(f"/v1/tasks/{task.id}/run").status_code == 409
    assert client.post(f"/v1/tasks/{task.id}/resume").json()["status"] == "started"
    assert client.post(f"/v1/tasks/{task.id}/pause").json()["pause_reason"] is None


@pytest.mark.parametrize("reason", ["", "x" * 201, "a\nb"])
def test_a_reason_is_one_line(client, task, reason):
    answer = client.post(f"/v1/tasks/{task.id}/pause", json={"reason": reason})
    assert (answer.status_code, answer.json()["details"][0]["where"]) == (422, "reason")


def test_the_workspace_is_paused_and_resumed(client):
    assert client.get("/v1/workspace").json() == {
        "id": 1,
        "name": "default",
        "created_at": moment(0),
        "paused_at": None,
        "paused_by": None,
        "pause_reason": None,
        "archived_at": None,
        "created_by": None,
        "default_flavor": "plain",
        "role": "owner",
    }
    paused = client.post("/v1/workspace/pause", json={"reason": "night"}).json()
    assert (paused["paused_at"], paused["paused_by"], paused["pause_reason"]) == (moment(0), "admin@localhost", "night")
    assert client.get("/v1/workspace").json() == paused
    assert client.post("/v1/workspace/resume", json={"spread_seconds": 0}).json()["paused_at"] is None
    assert client.post("/v1/workspace/pause").json()["pause_reason"] is None
    assert client.post("/v1/workspace/resume").json()["paused_by"] is None


@pytest.mark.parametrize("wish", [{"spread_seconds": -1}, {"spread_seconds": 1.5}, {"spread": 5}])
def test_a_spread_is_in_whole_seconds(client, wish):
    assert client.post("/v1/workspace/resume", json=wish).status_code == 422


@pytest.mark.parametrize(
    ("shape", "example"),
    [
        (TickOut, examples.TICK),
        (SpanIn, examples.SPAN),
        (CadenceOut, examples.CADENCE),
        (WorkspaceStateOut, account_examples.WORKSPACE),
    ],
)
def test_the_examples_have_the_shapes_they_are_examples_of(shape, example):
    assert shape(**example).model_dump().keys() == example.keys()


FIRST, LAST = "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"


@pytest.mark.parametrize("moment_no_clock_shows", [FIRST, LAST])
def test_a_moment_that_cannot_be_reckoned_with_is_refused(client, task, moment_no_clock_shows):
    spans = [{"from_at": moment_no_clock_shows, "to_at": moment(0)}, {"from_at": moment(0), "to_at": LAST}]
    answers = [
        client.get(f"/v1/tasks/{task.id}/ticks", params={"before": moment_no_clock_shows}),
        *(client.post(f"/v1/tasks/{task.id}/backfill", json=span) for span in spans),
    ]
    details = [(answer.status_code, answer.json()["details"][0]["where"]) for answer in answers]
    assert details == [(422, where) for where in ("before", "from_at", "to_at")]
