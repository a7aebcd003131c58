"""The audit log: an entry with each change, and none without."""

import json

import pytest
from macropod_server.db import audit_log
from macropod_server.db.audit_log import add_refusal
from macropod_server.db.tables import AuditEntry, Run, User
from macropod_server.domain.errors import OutOfSpace
from macropod_server.domain.naming import run_token
from macropod_server.domain.passwords import password_hash
from macropod_server.domain.roles import Role
from macropod_server.flows.retain import retain
from macropod_server.flows.start_run import start_runs

from tests.api.test_roles import add_person
from tests.builders import NOON, a_zip, all_rows, make_task, runs_of


@pytest.fixture
def task(deps):
    return make_task(deps, schedule="@daily")


def entries(deps):
    return all_rows(deps, AuditEntry)


def test_what_a_call_makes_is_noted_with_who_made_it_and_from_where(deps, client):
    made = client.post("/v1/orchestrations", files={"file": ("a.zip", a_zip())}).json()
    (entry,) = entries(deps)
    assert (entry.actor, entry.action, entry.outcome, entry.at) == (
        "admin@localhost",
        "orchestrations.upload",
        "done",
        NOON,
    )
    assert (entry.object_kind, entry.object_id, entry.workspace_id) == ("orchestration", made["id"], 1)
    assert (entry.address, entry.facts) == ("testclient", {})
    assert entry.user_id == all_rows(deps, User)[0].id
    assert entry.token_id is not None


def test_what_a_call_is_about_stands_before_what_it_made(deps, client, task):
    made = client.post(f"/v1/tasks/{task.id}/run").json()
    (entry,) = entries(deps)
    assert (entry.action, entry.object_kind, entry.object_id) == ("tasks.run", "task", task.id)
    assert entry.facts == {"run": made["id"]}


def test_a_call_that_changes_in_many_steps_has_one_entry(deps, client, task):
    client.post(f"/v1/tasks/{task.id}/run")
    assert client.post(f"/v1/tasks/{task.id}/kill").status_code == 202
    assert [entry.action for entry in entries(deps)] == ["tasks.run", "tasks.kill"]


def test_neither_questions_nor_refusals_nor_the_engine_nor_runners_leave_entries(deps, client, task):
    client.get(f"/v1/tasks/{task.id}")
    assert client.post("/v1/tasks/0/kill").status_code == 404
    assert client.post(f"/v1/tasks/{task.id}/pause", json={"reason": 7}).status_code == 422
    make_task(deps)
    start_runs(deps)
    token = {"Authorization": f"Bearer {run_token(all_rows(deps, Run)[0].id, key=deps.run_key)}"}
    assert client.get("/v1/runner/spec", headers=token).status_code == 200
    assert client.post("/v1/runner/end", json={"reason": "completed"}, headers=token).status_code == 204
    assert entries(deps) == []


def test_what_code_of_a_run_does_is_the_run_s(deps, stranger, task):
    once = make_task(deps)
    start_runs(deps)
    run = runs_of(deps, once)[0]
    headers = {"Authorization": f"Bearer {run_token(run.id, key=deps.run_key)}"}
    assert stranger.post(f"/v1/tasks/{task.id}/pause", headers=headers).status_code == 200
    (entry,) = entries(deps)
    assert (entry.actor, entry.run_id) == (f"run {run.id}", run.id)


def test_without_the_entry_there_is_no_change(deps, client, task, monkeypatch):
    def full(*_):
        raise OutOfSpace("The disk is full.")

    monkeypatch.setattr(audit_log, "_entry", full)
    assert client.post(f"/v1/tasks/{task.id}/pause").status_code == 507
    assert client.get(f"/v1/tasks/{task.id}").json()["paused_at"] is None


def refuse(deps, actor="mallory@example.org"):
    with deps.database.write() as session:
        facts = {"actor": actor, "how": "password", "address": "192.0.2.7", "reason": "a wrong password"}
        add_refusal(session, now=deps.clock(), **facts)


def test_sign_ins_are_noted_and_those_that_are_refused_too(deps, stranger):
    with deps.database.write() as session:
        session.get_one(User, all_rows(deps, User)[0].id).password_hash = password_hash("correct horse battery")
    wish = {"email": "admin@localhost", "password": "wrong horse battery"}
    assert stranger.post("/v1/session", json=wish).status_code == 401
    assert stranger.post("/v1/session", json=wish | {"password": "correct horse battery"}).status_code == 200
    assert stranger.post("/v1/session/refresh", json={"refresh_token": "mps_stale"}).status_code == 401
    found = [(entry.actor, entry.action, entry.outcome, entry.facts["how"]) for entry in entries(deps)]
    assert found == [
        ("admin@localhost", "sessions.begin", "refused", "password"),
        ("admin@localhost", "sessions.begin", "done", "password"),
        ("somebody with a refresh token", "sessions.begin", "refused", "refresh"),
    ]
    assert not any("horse" in entry.model_dump_json() for entry in entries(deps))


def test_owners_see_their_workspace_and_admins_all(deps, client, stranger, task):
    client.post(f"/v1/tasks/{task.id}/pause")
    refuse(deps)
    (own,) = client.get("/v1/audit").json()["items"]
    assert own["action"] == "tasks.pause"
    everywhere = client.get("/v1/audit?everywhere=true").json()["items"]
    assert [each["action"] for each in everywhere] == ["sessions.begin", "tasks.pause"]
    assert (everywhere[0]["outcome"], everywhere[0]["facts"]) == (
        "refused",
        {"how": "password", "reason": "a wrong password"},
    )
    owner = {"Authorization": f"Bearer {add_person(deps, Role.OWNER)}"}
    assert len(stranger.get("/v1/audit", headers=owner).json()["items"]) == 1
    assert stranger.get("/v1/audit?everywhere=true", headers=owner).status_code == 403


def test_entries_are_picked_and_paged(deps, client, task):
    for act in ("pause", "resume", "kill"):
        deps.clock.advance(minutes=1)
        client.post(f"/v1/tasks/{task.id}/{act}")

    def actions(**wanted):
        return [each["action"] for each in client.get("/v1/audit", params=wanted).json()["items"]]

    assert actions() == ["tasks.kill", "tasks.resume", "tasks.pause"]
    assert actions(action="tasks.re") == ["tasks.resume"]
    assert actions(since="2026-03-02T12:02:00Z", until="2026-03-02T12:03:00Z") == ["tasks.resume"]
    assert actions(actor="admin@localhost", object_id=task.id, outcome="done", limit=1) == ["tasks.kill"]
    assert actions(actor="nobody@localhost") == actions(outcome="refused") == []
    page = client.get("/v1/audit?limit=2").json()
    assert actions(before=page["next_before"]) == ["tasks.pause"]


def test_all_of_it_is_exported_a_line_each(deps, client, monkeypatch):
    monkeypatch.setattr("macropod_server.api.audit_log._AT_ONCE", 2)
    for number in range(5):
        refuse(deps, actor=f"{number}@example.org")
    lines = client.get("/v1/audit/export?everywhere=true").text.splitlines()
    assert [json.loads(line)["actor"][0] for line in lines] == ["4", "3", "2", "1", "0"]


def test_entries_go_when_their_time_is_over(deps):
    refuse(deps)
    deps.clock.advance(days=399)
    refuse(deps)
    retain(deps)
    assert len(entries(deps)) == 2
    deps.clock.advance(days=2)
    retain(deps)
    assert len(entries(deps)) == 1


def test_what_changed_nothing_leaves_no_entry(deps, client):
    wish = {"password": "a third long password", "old_password": "a wrong long password"}
    assert client.patch("/v1/users/me", json=wish).status_code == 422
    assert client.delete("/v1/sessions/nothing").status_code == 404
    assert [(entry.action, entry.outcome) for entry in entries(deps)] == [("sessions.begin", "refused")]


def test_a_secret_is_named_and_its_value_is_not(deps, client):
    client.put("/v1/secrets/warehouse", json={"value": "open sesame"})
    (entry,) = entries(deps)
    assert (entry.action, entry.object_kind, entry.object_id) == ("secrets.change", "secret", "warehouse")
    assert "sesame" not in entry.model_dump_json()


def test_a_refused_name_that_cannot_be_stored_is_stored_without_what_cannot(deps, stranger):
    wish = {"email": "a\x00b@example.org", "password": "a wrong long password"}
    assert stranger.post("/v1/session", json=wish).status_code == 401
    assert "\x00" not in entries(deps)[0].actor


def test_who_is_invited_is_named_before_their_workspace(deps, client):
    made = client.post("/v1/users", json={"email": "bob@example.org"}).json()
    (entry,) = entries(deps)
    assert (entry.object_kind, entry.object_id) == ("user", made["id"])
    assert made["password"] not in entry.model_dump_json()
