"""Runs are pinned and unpinned, and say what became of their logs; the workspace says what its logs take."""

from macropod_server.domain.run import Reason
from macropod_server.flows.finish_run import Ending, finish_run
from macropod_server.flows.hand_spec import hand_spec
from macropod_server.flows.merge_logs import merge_logs
from macropod_server.flows.retain import retain
from macropod_server.flows.start_run import start_runs
from sqlalchemy import text

from tests.batches import batch
from tests.builders import make_task, runs_of


def ended(deps, run, *, lines=3):
    hand_spec(deps, run.id, now=deps.clock())
    deps.logs.append(run.id, first=1, batch=batch(*(f"line {number}" for number in range(lines))))
    finish_run(deps, run.id, Ending(Reason.COMPLETED), now=deps.clock())
    deps.clock.advance(minutes=5)
    merge_logs(deps)
    with deps.database.write() as session:
        session.execute(text("UPDATE runs SET removed_at = ended_at"))
    return run


def test_a_run_is_pinned_and_unpinned_also_twice(client, run):
    for _ in range(2):
        answer = client.post(f"/v1/runs/{run.id}/pin")
        assert (answer.status_code, answer.json()["pinned_by"]) == (200, "admin@localhost")
    assert client.get(f"/v1/runs/{run.id}").json()["pinned_at"] is not None
    for _ in range(2):
        answer = client.post(f"/v1/runs/{run.id}/unpin")
        assert (answer.status_code, answer.json()["pinned_at"], answer.json()["pinned_by"]) == (200, None, None)


def test_a_run_that_is_not_there_is_not_pinned(client):
    assert client.post("/v1/runs/none/pin").status_code == 404
    assert client.post("/v1/runs/none/unpin").status_code == 404


def test_whoever_reads_a_removed_log_is_told_so_wherever_they_read(client, deps, run):
    ended(deps, run)
    deps.clock.advance(days=31)
    retain(deps)
    shown = client.get(f"/v1/runs/{run.id}").json()
    assert (shown["log_removed_for"], shown["line_count"]) == ("age", 3)
    for asked in ({}, {"tail": 20}, {"first": 2}):
        answer = client.get(f"/v1/runs/{run.id}/logs", params=asked).json()
        (line,) = answer["lines"]
        assert (line["number"], line["stream"], answer["next"], answer["ended"]) == (3, "system", 4, True)
        assert line["text"] == "3 lines (18 bytes) were removed, because of their age (MACROPOD_KEEP_LOGS_DAYS)."
    assert "3 lines (18 bytes) were removed" in client.get(f"/v1/runs/{run.id}/logs/download").text
    assert "3 lines (18 bytes) were removed" in client.get(f"/v1/runs/{run.id}/logs/follow").text
    assert client.get(f"/v1/runs/{run.id}/logs/tracebacks").status_code == 200


def test_what_logs_take_is_told(client, deps, run):
    ended(deps, run)
    start_runs(deps)
    more = make_task(deps)
    start_runs(deps)
    ended(deps, runs_of(deps, more)[0], lines=1000)
    client.post(f"/v1/runs/{run.id}/pin")
    told = client.get("/v1/logs/usage", params={"tasks": 1}).json()
    assert (told["runs"], told["lines"], told["pinned"]["lines"]) == (2, 1003, 3)
    assert (told["keep_days"], told["keep_bytes"], told["bucket_bytes"]) == (30, None, 0)
    assert told["database_bytes"] == told["bytes"] > 0
    assert [(each["task_name"], each["lines"]) for each in told["tasks"]] == [(more.name, 1000)]
    assert told["oldest_line_at"].startswith("20")


def test_how_many_tasks_are_told_has_a_bound(client):
    assert client.get("/v1/logs/usage", params={"tasks": 1001}).status_code == 422
