"""Tasks and runs over HTTP."""

import base64

import pytest
from macropod_server.api import examples
from macropod_server.api.schemas import LineOut, OrchestrationOut, RunOut
from macropod_server.api.task_schemas import TaskIn, TaskOut
from macropod_server.db.tables import Task
from macropod_server.domain.naming import run_token
from macropod_server.domain.run import Reason
from macropod_server.flows.finish_run import Ending, finish_run
from macropod_server.flows.start_run import start_runs
from sqlalchemy import event

from tests.builders import make_task, reread, runs_of, upload


def wish(deps, **spoil):
    base = {"orchestration_id": upload(deps).id, "kind": "run_once", "name": "a task"}
    return base | spoil


def test_a_task_that_runs_once_is_made_and_told_of(client, deps):
    made = client.post("/v1/tasks", json=wish(deps, json_args={"a": [1, None]}, timeout_seconds=5))
    assert made.status_code == 201
    told = made.json()
    assert (told["status"], told["active"], told["last_run_status"]) == ("pending", True, "unknown")
    assert (told["schedule"], told["next_due_at"], told["json_args"]) == (None, None, {"a": [1, None]})
    (run,) = client.get(f"/v1/runs?task_id={told['id']}").json()["items"]
    assert (run["status"], run["task_name"], run["attempt"], run["line_count"]) == ("queued", "a task", 1, 0)


def test_a_scheduled_task_tells_its_schedule_in_words_and_its_next_moment(client, deps):
    body = wish(deps, kind="run_scheduled", schedule="0 2 * * *", timezone="Europe/Berlin")
    told = client.post("/v1/tasks", json=body).json()
    assert (told["schedule"], told["timezone"]) == ("0 2 * * *", "Europe/Berlin")
    assert "02:00" in told["schedule_in_words"]
    assert told["next_due_at"] == "2026-03-03T01:00:00Z"


def test_a_schedule_may_come_as_a_set_of_one(client, deps):
    body = wish(deps, kind="run_scheduled", schedule=["@daily"])
    assert client.post("/v1/tasks", json=body).json()["schedule"] == "@daily"


@pytest.mark.parametrize(
    ("spoil", "where"),
    [
        ({"json_args": [1]}, "json_args"),
        ({"json_args": "x"}, "json_args"),
        ({"timeout_seconds": 0}, "timeout_seconds"),
        ({"timeout_seconds": 1.5}, "timeout_seconds"),
        ({"timeout_seconds": "10"}, "timeout_seconds"),
        ({"name": ""}, "name"),
        ({"kind": "run_never"}, "kind"),
        ({"colour": "red"}, "colour"),
        ({"kind": "run_scheduled", "schedule": "* * * *"}, "schedule"),
        ({"kind": "run_scheduled", "schedule": "0 0 30 2 *"}, "day"),
        ({"kind": "run_scheduled", "schedule": ["@daily", ""]}, "schedule"),
    ],
)
def test_what_cannot_be_used_is_refused_by_field(client, deps, spoil, where):
    answer = client.post("/v1/tasks", json=wish(deps, **spoil))
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert any(where in each["where"] for each in answer.json()["details"])
    assert client.get("/v1/tasks").json()["items"] == []


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        (["@daily"] * 21, "There are 21 schedules in one; 20 are the most. Make more tasks."),
        ([], "A scheduled task takes either a schedule such as '0 2 * * *' or every_seconds; it has neither."),
        (5, "The field schedule takes a text such as '0 2 * * *', or a list of such texts."),
        (["0", "2", "*", "docs", "a.py"], "These are 5 texts; put the schedule in quotes: '0 2 * * *'."),
    ],
)
def test_a_schedule_that_cannot_be_used_is_told_in_one_sentence(client, deps, schedule, said):
    answer = client.post("/v1/tasks", json=wish(deps, kind="run_scheduled", schedule=schedule))
    assert (answer.status_code, answer.json()["message"]) == (422, said)
    assert [each["where"] for each in answer.json()["details"]] == ["schedule"]


def test_a_task_of_an_unknown_orchestration_is_not_found(client, deps):
    answer = client.post("/v1/tasks", json=wish(deps, orchestration_id="nope"))
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert "nope" in answer.json()["message"]


def test_a_repeated_call_with_its_key_makes_one_task(client, deps):
    body, key = wish(deps), {"Idempotency-Key": "task-1"}
    first, again = (client.post("/v1/tasks", json=body, headers=key) for _ in range(2))
    assert first.json()["id"] == again.json()["id"]
    assert len(client.get("/v1/tasks").json()["items"]) == 1


def test_tasks_are_listed_by_their_last_change_and_killed_ones_alone_on_request(client, deps):
    first = make_task(deps, schedule="@daily")
    deps.clock.advance(seconds=1)
    second = make_task(deps, schedule="@daily")
    listed = [task["id"] for task in client.get("/v1/tasks").json()["items"]]
    assert listed == [second.id, first.id]
    deps.clock.advance(seconds=1)
    assert client.post(f"/v1/tasks/{first.id}/kill").status_code == 202
    assert [task["id"] for task in client.get("/v1/tasks").json()["items"]] == [first.id, second.id]
    assert client.get("/v1/tasks?killed=true").json()["items"] == []
    from macropod_server.flows.stop_run import stop_runs

    stop_runs(deps)
    assert [task["id"] for task in client.get("/v1/tasks?killed=true").json()["items"]] == [first.id]


def test_a_task_that_moves_between_two_pages_does_not_start_the_list_anew(client, deps):
    made = []
    for _ in range(5):
        made.append(make_task(deps, schedule="@daily").id)
        deps.clock.advance(seconds=1)
    first = client.get("/v1/tasks?limit=2").json()
    client.post(f"/v1/tasks/{made[3]}/kill")
    second = client.get("/v1/tasks", params={"limit": 2, "before": first["next_before"]}).json()
    third = client.get("/v1/tasks", params={"limit": 2, "before": second["next_before"]}).json()
    listed = [task["id"] for page in (first, second, third) for task in page["items"]]
    assert listed == made[::-1]
    assert third["next_before"] is None


@pytest.mark.parametrize("before", ["soon_x", "2026-99-01T00:00:00Z_x"])
def test_a_place_that_no_list_has_is_refused(client, before):
    answer = client.get("/v1/tasks", params={"before": before})
    assert (answer.status_code, answer.json()["details"][0]["where"]) == (422, "before")


def test_a_page_of_runs_takes_as_many_queries_as_one_run(client, deps):
    orchestration, statements = upload(deps), []
    for engine in (deps.database.engine, deps.logs._engine):
        event.listen(engine, "before_cursor_execute", lambda *call: statements.append(call[2]))

    def listing():
        statements.clear()
        items = client.get("/v1/runs").json()["items"]
        return len(items), len(statements)

    client.get("/v1/info")  # The use of a token is noted once a minute.
    make_task(deps, orchestration)
    runs, queries = listing()
    for _ in range(20):
        make_task(deps, orchestration)
    assert (runs, listing()) == (1, (21, queries))


def test_a_schedule_that_cannot_be_read_any_more_does_not_hide_the_others(client, deps):
    task, other = make_task(deps, schedule="@daily"), make_task(deps, schedule="@hourly")
    with deps.database.write() as session:
        session.get_one(Task, task.id).schedule = "0 22-4 * * *"
    words = {each["id"]: each["schedule_in_words"] for each in client.get("/v1/tasks").json()["items"]}
    assert words == {task.id: None, other.id: "every hour"}


def test_a_run_tells_how_it_ended(client, deps):
    task = make_task(deps)
    start_runs(deps)
    (run,) = runs_of(deps, task)
    finish_run(deps, run.id, Ending(Reason.EXIT_CODE, "main.py ended with exit code 3.", exit_code=3), now=deps.clock())
    told = client.get(f"/v1/runs/{run.id}").json()
    assert (told["status"], told["reason"], told["exit_code"]) == ("failure", "exit_code", 3)
    assert told["message"] == "main.py ended with exit code 3."
    assert client.get("/v1/runs?status=failure").json()["items"][0]["id"] == run.id
    assert client.get("/v1/runs?status=success").json()["items"] == []


def test_a_runner_gets_its_spec_and_hears_of_a_kill(client, deps):
    task = make_task(deps, json_args={"a": 1}, timeout_seconds=9)
    start_runs(deps)
    (run,) = runs_of(deps, task)
    headers = {"Authorization": f"Bearer {run_token(run.id, key=deps.run_key)}"}
    spec = client.get("/v1/runner/spec", headers=headers).json()
    assert (spec["entry_point"], spec["arguments"], spec["timeout_seconds"]) == ("main.py", {"a": 1}, 9)
    assert (spec["next_line"], spec["grace_seconds"], spec["kind"]) == (1, 10, "task")
    assert spec["wallaroo"].keys() == {"user_id", "user_email"}
    bundle = client.get("/v1/runner/bundle", headers=headers).content
    assert bundle[:2] == b"PK"
    assert base64.b64decode(spec["bundle"]) == bundle
    assert client.post("/v1/runner/beat", headers=headers).json() == {"stop": None}
    client.post(f"/v1/tasks/{task.id}/kill")
    deps.clock.advance(seconds=1)
    assert client.post("/v1/runner/beat?wait=10", headers=headers).json() == {"stop": "kill"}
    assert reread(deps, run).contact_at == deps.clock()


def test_the_description_of_the_api_has_examples_and_no_runner_calls(client):
    described = client.get("/openapi.json").json()
    schemas = described["components"]["schemas"]
    assert all(schemas[name]["examples"] for name in ("TaskIn", "OrchestrationOut", "TaskOut", "RunOut", "LineOut"))
    assert {"/v1/orchestrations", "/v1/tasks", "/v1/runs", "/v1/runs/{run_id}/logs"} <= described["paths"].keys()
    assert not any(path.startswith("/v1/runner") for path in described["paths"])


@pytest.mark.parametrize(
    ("shape", "example"),
    [
        (TaskIn, examples.TASK_WISH),
        (OrchestrationOut, examples.ORCHESTRATION),
        (TaskOut, examples.TASK),
        (RunOut, examples.RUN),
        (LineOut, examples.LINE),
    ],
)
def test_the_examples_have_the_shapes_they_are_examples_of(shape, example):
    assert shape(**example).model_dump(exclude_unset=shape in (TaskIn, LineOut)).keys() == example.keys()


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("PUT", "/v1/tasks", 405)])
def test_a_call_there_is_not_has_the_same_body_as_every_error(client, method, path, status):
    answer = client.request(method, path)
    assert answer.status_code == status
    assert answer.json().keys() == {"code", "message", "details"}
