"""Upload, download and delete over HTTP, with real zips."""

import hashlib
import io

import pytest
from macropod_server.db.tables import Orchestration
from macropod_server.flows.stop_run import stop_runs
from macropod_server.settings import Settings

from tests.builders import a_zip, all_rows, make_task, reread


def post(client, content, *, file_name="hello.zip", headers=None, **form):
    return client.post(
        "/v1/orchestrations", files={"file": (file_name, io.BytesIO(content))}, data=form, headers=headers
    )


def kept_files(deps):
    root = deps.settings.resolved_storage_path
    return [path for path in root.rglob("*") if path.is_file()]


def test_an_accepted_upload_tells_what_the_server_chose(client):
    content = a_zip({"src/main.py": "", "src/requirements.txt": "six\n"})
    answer = post(client, content, name="hello")
    assert answer.status_code == 201
    told = answer.json()
    assert (told["name"], told["file_name"], told["size_bytes"]) == ("hello", "hello.zip", len(content))
    assert (told["entry_point"], told["requirements"]) == ("src/main.py", "src/requirements.txt")
    assert told["sha256"] == hashlib.sha256(content).hexdigest()
    assert told["status"] == "pending_packaging"


def test_an_upload_may_name_its_flavor(client):
    assert post(client, a_zip()).json()["flavor"] == "plain"
    assert post(client, a_zip(), flavor="data").json()["flavor"] == "data"
    refused = post(client, a_zip(), flavor="gpu")
    assert (refused.status_code, refused.json()["details"][0]["where"]) == (422, "flavor")
    assert client.get("/v1/workspace").json()["default_flavor"] == "plain"


def test_what_was_uploaded_comes_back_to_the_byte(client):
    content = a_zip(data="x" * 100_000)
    made = post(client, content).json()
    answer = client.get(f"/v1/orchestrations/{made['id']}/bundle")
    assert answer.content == content
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"].startswith("attachment;")


def test_the_same_bytes_are_stored_once_and_are_two_orchestrations(client, deps):
    first, second = post(client, a_zip()).json(), post(client, a_zip()).json()
    assert first["id"] != second["id"]
    assert len(kept_files(deps)) == 1


def test_a_refused_zip_lists_every_problem_and_leaves_nothing(client, deps):
    content = a_zip({"../up.py": "", "a/requirements.txt": "six", "b/requirements.txt": "six"})
    answer = post(client, content)
    assert answer.status_code == 422
    body = answer.json()
    assert body["code"] == "invalid"
    assert len(body["details"]) >= 3
    assert all(each.keys() == {"code", "where", "message"} for each in body["details"])
    assert kept_files(deps) == []
    assert all_rows(deps, Orchestration) == []


@pytest.mark.parametrize("content", [b"", b"not a zip", a_zip()[:-30]])
def test_what_is_no_whole_zip_is_refused(client, deps, content):
    assert post(client, content).status_code == 422
    assert kept_files(deps) == []


def test_an_upload_over_the_limit_is_refused_with_the_limit(tmp_path, client, deps, monkeypatch):
    object.__setattr__(deps, "settings", Settings(data_dir=deps.settings.data_dir, upload_max_bytes=1000))
    answer = post(client, b"x" * 1001)
    assert answer.status_code == 413
    assert "1,000 bytes" in answer.json()["message"]
    assert kept_files(deps) == []


def test_the_limit_is_told_beforehand(client, deps):
    assert client.get("/v1/info").json()["limits"]["upload_max_bytes"] == deps.settings.upload_max_bytes == 1024**3


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", b""),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=file\r\n\r\ncut off"),
        ("multipart/form-data; boundary=x", b"rubbish"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=name\r\n\r\na\r\n--x--\r\n"),
    ],
)
def test_a_body_that_is_no_such_form_is_refused(client, deps, content_type, body):
    answer = client.post("/v1/orchestrations", content=body, headers={"Content-Type": content_type})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert kept_files(deps) == []


def test_two_files_in_one_form_are_refused(client):
    files = [("file", ("a.zip", a_zip())), ("file", ("b.zip", a_zip()))]
    assert client.post("/v1/orchestrations", files=files).status_code == 422


def test_a_repeated_upload_with_its_key_makes_one_orchestration(client, deps):
    key = {"Idempotency-Key": "upload-1"}
    first, again = post(client, a_zip(), headers=key), post(client, a_zip(), headers=key)
    assert first.json()["id"] == again.json()["id"]
    other = post(client, a_zip(more="x"), headers=key)
    assert (other.status_code, other.json()["code"]) == (409, "conflict")
    assert len(all_rows(deps, Orchestration)) == 1


def test_an_unused_orchestration_can_be_deleted_with_its_bytes(client, deps):
    made = post(client, a_zip()).json()
    assert client.delete(f"/v1/orchestrations/{made['id']}").status_code == 204
    assert client.get(f"/v1/orchestrations/{made['id']}").status_code == 404
    assert kept_files(deps) == []


def test_bytes_stay_while_another_orchestration_holds_them(client, deps):
    first, second = post(client, a_zip()).json(), post(client, a_zip()).json()
    client.delete(f"/v1/orchestrations/{first['id']}")
    assert client.get(f"/v1/orchestrations/{second['id']}/bundle").content == a_zip()


def test_an_orchestration_in_use_cannot_be_deleted(client, deps):
    made = post(client, a_zip()).json()
    task = make_task(deps, reread(deps, Orchestration(id=made["id"])))
    answer = client.delete(f"/v1/orchestrations/{task.orchestration_id}")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert task.id in answer.json()["message"]


def test_when_its_tasks_are_over_it_can_be_deleted_and_their_runs_stay(client, deps):
    made = post(client, a_zip()).json()
    task = make_task(deps, reread(deps, Orchestration(id=made["id"])))
    client.post(f"/v1/tasks/{task.id}/kill")
    stop_runs(deps)
    assert client.delete(f"/v1/orchestrations/{made['id']}").status_code == 204
    assert client.delete(f"/v1/orchestrations/{made['id']}").status_code == 404
    assert client.get("/v1/orchestrations").json()["items"] == []
    assert kept_files(deps) == []
    (run,) = client.get(f"/v1/runs?task_id={task.id}").json()["items"]
    assert run["orchestration_id"] == made["id"]
    again = client.post("/v1/tasks", json={"orchestration_id": made["id"], "kind": "run_once", "name": "x"})
    assert again.status_code == 404


def test_orchestrations_are_listed_newest_first_in_pages(client, deps):
    made = []
    for _ in range(3):
        made.append(post(client, a_zip()).json()["id"])
        deps.clock.advance(seconds=1)
    first = client.get("/v1/orchestrations?limit=2").json()["items"]
    rest = client.get(f"/v1/orchestrations?limit=2&before={first[-1]['id']}").json()["items"]
    assert [each["id"] for each in first + rest] == made[::-1]


def test_a_lock_is_there_when_packaged(client):
    made = post(client, a_zip()).json()
    answer = client.get(f"/v1/orchestrations/{made['id']}/lock")
    assert answer.status_code == 404
    assert "has no lock" in answer.json()["message"]
