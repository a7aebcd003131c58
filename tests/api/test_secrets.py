"""Secrets and connections over the REST API: no answer tells a value, but to a run that was given it."""

import json

import pytest
from macropod_server.app import close_deps, create_app
from macropod_server.domain.naming import run_token
from macropod_server.flows.issue_token import issue_token
from starlette.testclient import TestClient

from tests.builders import make_deps

DETAILS = {"host": "db", "password": {"secret": "password"}, "pin": "0815-4711"}


@pytest.fixture
def password(client):
    assert client.put("/v1/secrets/password", json={"value": "hunter22"}).status_code == 200


@pytest.fixture
def warehouse(client, password):
    wish = {"name": "warehouse", "type": "postgresql", "details": DETAILS, "secret_fields": ["pin"]}
    answer = client.post("/v1/connections", json=wish)
    assert answer.status_code == 201
    return answer.json()


@pytest.fixture
def as_run(deps, run):
    return {"Authorization": f"Bearer {run_token(run.id, key=deps.run_key)}"}


def test_a_secret_is_set_listed_shown_and_deleted_without_its_value(client):
    made = client.put("/v1/secrets/password", json={"value": "hunter22"})
    assert (made.json()["version"], made.json()["created_by"]) == (1, "admin@localhost")
    assert client.put("/v1/secrets/password", json={"value": "hunter33"}).json()["version"] == 2
    shown = client.get("/v1/secrets/password")
    assert [each["number"] for each in shown.json()["versions"]] == [2, 1]
    listed = client.get("/v1/secrets")
    assert [each["name"] for each in listed.json()["items"]] == ["password"]
    assert "hunter" not in made.text + shown.text + listed.text
    assert client.delete("/v1/secrets/password").status_code == 204
    assert client.delete("/v1/secrets/password").status_code == 404


@pytest.mark.parametrize(
    "body", [{"value": ["hunter22"]}, {"value": 41128828}, {"value": "hunter22\0"}, {"value": "hunter22", "x": 1}]
)
def test_a_refusal_does_not_tell_what_was_sent(client, body):
    answer = client.put("/v1/secrets/password", json=body)
    assert answer.status_code == 422
    assert "hunter22" not in answer.text
    assert "41128828" not in answer.text


@pytest.mark.parametrize("name", ["a%00b", "..%20", "x" * 101, "-a", "a b"])
def test_a_name_that_cannot_be_is_refused(client, name):
    assert client.put(f"/v1/secrets/{name}", json={"value": "hunter22"}).status_code == 422
    assert client.get(f"/v1/secrets/{name}").status_code in (404, 422)


def test_a_task_shows_which_secrets_it_names_and_one_that_is_unknown_is_refused(client, run, password):
    wish = {"orchestration_id": run.orchestration_id, "kind": "run_once", "name": "a", "secrets": ["password"]}
    made = client.post("/v1/tasks", json=wish | {"secret_files": {"pw.txt": "password"}})
    assert (made.json()["secrets"], made.json()["secret_files"]) == (
        {"password": "password"},
        {"pw.txt": "password"},
    )
    refused = client.post("/v1/tasks", json=wish | {"secrets": {"TOKEN": "tokn"}})
    assert (refused.status_code, refused.json()["details"][0]["code"]) == (422, "unknown_secret")
    assert "'tokn'" in refused.json()["message"]


def test_a_connection_is_shown_without_its_details(client, warehouse):
    assert warehouse["workspace_names"] == ["default"]
    shown, listed = client.get("/v1/connections/warehouse"), client.get("/v1/connections")
    assert shown.json() == warehouse == listed.json()["items"][0]
    assert "0815" not in shown.text + listed.text
    taken = client.post("/v1/connections", json={"name": "warehouse", "type": "x", "details": {}})
    assert (taken.status_code, taken.json()["code"]) == (409, "conflict")


def test_people_are_told_the_names_of_secrets_and_runs_their_values(client, warehouse, run, as_run):
    assert client.post("/v1/connections/warehouse/details").json()["details"] == DETAILS
    told = client.post("/v1/connections/warehouse/details", headers=as_run)
    assert told.json()["details"] == DETAILS | {"password": "hunter22"}
    assert told.headers["cache-control"] == "no-store"
    lineage = client.get(f"/v1/runs/{run.id}/lineage").json()
    assert (lineage["secrets"], lineage["connections"]) == ([{"name": "password", "version": 1}], ["warehouse"])


def test_a_run_of_a_workspace_it_is_not_linked_to_does_not_find_it(client, warehouse, as_run):
    assert client.post("/v1/connections/warehouse/unlink").json()["workspace_names"] == []
    assert client.post("/v1/connections/warehouse/details", headers=as_run).status_code == 404
    assert client.get("/v1/connections?linked=true").json()["items"] == []
    assert client.post("/v1/connections/warehouse/link").json()["workspace_names"] == ["default"]
    assert client.post("/v1/connections/warehouse/details", headers=as_run).status_code == 200
    assert client.delete("/v1/connections/warehouse").status_code == 204
    assert client.get("/v1/connections/warehouse").status_code == 404


def test_a_refused_connection_does_not_tell_its_details(client):
    for details in ("hunter22", {"a": "hunter22\ud800"}, [["hunter22"]]):
        body = {"name": "warehouse", "type": "x", "details": details, "secret_fields": ["nothing"]}
        answer = client.post("/v1/connections", content=json.dumps(body))
        assert answer.status_code == 422
        assert "hunter22" not in answer.text


def test_a_server_without_a_master_key_keeps_no_secrets_and_says_what_to_do(tmp_path, postgres):
    deps = make_deps(tmp_path, database_url=postgres.fresh_url(), secret_key="k" * 32)
    token = issue_token(deps.database, name="test", now=deps.clock())
    with TestClient(create_app(deps, with_engine=False), headers={"Authorization": f"Bearer {token}"}) as client:
        answer = client.put("/v1/secrets/password", json={"value": "hunter22"})
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert "Set MACROPOD_MASTER_KEY" in answer.json()["message"]
        assert client.get("/v1/secrets").json() == {"items": []}
    close_deps(deps)
