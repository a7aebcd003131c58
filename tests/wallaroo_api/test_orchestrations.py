"""Uploads and what becomes of them."""

import hashlib

import pytest
from macropod_server.domain.roles import Role

from tests.builders import a_zip
from tests.wallaroo_api.conftest import is_refused


def test_an_upload_is_taken_at_once_and_told_with_every_field(ada):
    content = a_zip()
    answer = ada.upload(content)
    assert answer.status_code == 202
    told = ada.post("orchestration/get_by_id", {"id": answer.json()["id"]}).json()
    assert told["sha"] == hashlib.sha256(content).hexdigest()
    expected = {
        "workspace_id": 1,
        "name": "hello",
        "file_name": "hello.zip",
        "file_size": len(content),
        "status": "ready",
    }
    assert told.items() >= expected.items()
    assert {name for name, value in told.items() if value is None} == {"task_id", "created_on_version"}


def test_the_metadata_may_have_a_file_name_and_no_name(ada):
    answer = ada.upload(metadata=("metadata.json", '{"workspace_id": 1, "name": null}', "application/json"))
    told = ada.post("orchestration/get_by_id", {"id": answer.json()["id"]}).json()
    assert told["name"] is None


def test_each_upload_of_the_same_bytes_is_another_one_and_the_oldest_is_listed_first(ada):
    ids = [ada.upload(a_zip()).json()["id"] for _ in range(2)]
    listed = ada.post("orchestration/list_all", {"task_run_status": [], "workspace_ids": []}).json()["orchestrations"]
    assert {each["orchestration"]["id"] for each in listed} == set(ids)
    assert listed[0]["workspace"].items() >= {"id": 1, "name": "default", "archived": False}.items()
    assert [each["id"] for each in ada.post("orchestration/list", {"workspace_id": 1}).json()] == [
        each["orchestration"]["id"] for each in listed
    ]


def test_the_list_has_the_tasks_of_each(ada, orchestration_id, task_id):
    (listed,) = ada.post("orchestration/list_all", {}).json()["orchestrations"]
    assert [task["id"] for task in listed["tasks"]] == [task_id]


def test_a_zip_that_cannot_be_used_is_refused_with_all_its_problems(ada):
    told = is_refused(ada.upload(a_zip({"../main.py": "", "/etc/passwd": ""})), 400)
    assert "../main.py" in told
    assert "/etc/passwd" in told


@pytest.mark.parametrize("metadata", ["", "[]", "{", '{"name": "x"}', '{"workspace_id": "here"}'])
def test_metadata_that_say_no_workspace_are_refused(ada, metadata):
    assert "metadata" in is_refused(ada.upload(metadata=metadata), 400)


def test_a_full_disk_is_told_as_the_client_knows_it(ada, played, monkeypatch):
    from macropod_server.domain.errors import OutOfSpace

    def full():
        raise OutOfSpace("The disk is full.")

    monkeypatch.setattr(type(played.deps.storage), "stage", lambda _self: full())
    assert is_refused(ada.upload(), 507) == "The disk is full."


def test_the_very_bytes_are_downloaded_with_a_token_in_the_head_or_in_the_address(ada, nobody):
    content = a_zip()
    path = f"/v1/api/orchestration/download?id={ada.upload(content).json()['id']}"
    assert ada.get(path).content == content
    assert nobody.get(f"{path}&token={ada.token}").content == content
    is_refused(nobody.get(path), 401)
    is_refused(nobody.get(f"{path}&token=wrong"), 401)


def test_what_a_deletion_would_free_is_told_before_anything_is_deleted(ada, orchestration_id):
    asked = {"orchestrations": [orchestration_id]}
    freed = ada.post("orchestration/delete_orchestrations", asked).json()
    assert freed == {"bytes": len(a_zip())}
    assert ada.post("orchestration/get_by_id", {"id": orchestration_id}).status_code == 200
    assert ada.post("orchestration/delete_orchestrations", asked | {"confirm_delete": True}).json() == freed
    is_refused(ada.post("orchestration/get_by_id", {"id": orchestration_id}), 404)


def test_what_a_task_still_uses_is_not_deleted_nor_anything_with_it(ada, orchestration_id, task_id):
    other = ada.upload().json()["id"]
    asked = {"orchestrations": [other, orchestration_id], "confirm_delete": True}
    assert "is used by 'once'" in is_refused(ada.post("orchestration/delete_orchestrations", asked), 400)
    assert ada.post("orchestration/get_by_id", {"id": other}).status_code == 200


def test_who_may_only_look_uploads_nothing(caller):
    assert "takes the role editor" in is_refused(caller(Role.RUNNER).upload(), 403)
