"""A zip that is gone or damaged in the store: its run ends and says so, and no other code is run in its place."""

import os

import pytest
from macropod_server.domain.naming import run_token
from macropod_server.flows.start_run import start_runs
from macropod_server.storage.local_staging import place_of

from tests.builders import a_zip, make_task, reread, runs_of, upload

BIG = a_zip({"main.py": "print('hello')\n", "data": os.urandom(3_000_000)})
"""Too big to come with the spec, and in several pieces."""


@pytest.fixture(params=["small", "big"])
def begun(request, deps):
    """A run that was started, where its zip lies, and the headers of its runner."""
    orchestration = upload(deps, BIG if request.param == "big" else None)
    task = make_task(deps, orchestration)
    start_runs(deps)
    (run,) = runs_of(deps, task)
    place = place_of(deps.settings.resolved_storage_path, orchestration.sha256)
    return run, place, {"Authorization": f"Bearer {run_token(run.id, key=deps.run_key)}"}


def flip_the_last_byte(place):
    content = place.read_bytes()
    place.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


def test_the_spec_tells_the_sha256_of_the_zip(client, deps, begun):
    _, place, headers = begun
    spec = client.get("/v1/runner/spec", headers=headers).json()
    assert spec["bundle_sha256"] == place.parent.name + place.name
    assert spec["bundle_url"] is None


def test_a_damaged_zip_ends_its_run_and_never_arrives_whole(client, deps, begun):
    run, place, headers = begun
    flip_the_last_byte(place)
    assert client.get("/v1/runner/spec", headers=headers).json()["bundle"] is None
    if place.stat().st_size > 1024**2:
        with pytest.raises(RuntimeError, match="response already started"):
            client.get("/v1/runner/bundle", headers=headers)
    else:
        assert client.get("/v1/runner/bundle", headers=headers).json()["code"] == "conflict"
    ended = reread(deps, run)
    assert (ended.status, ended.reason) == ("failure", "could_not_start")
    assert ended.message == "The uploaded zip is damaged in the store. Upload the same zip again; that mends it."


def test_a_zip_that_is_gone_ends_its_run(client, deps, begun):
    run, place, headers = begun
    place.unlink()
    assert client.get("/v1/runner/spec", headers=headers).status_code == 200
    assert client.get("/v1/runner/bundle", headers=headers).status_code == 409
    ended = reread(deps, run)
    assert (ended.status, ended.reason) == ("failure", "could_not_start")
    told = "The uploaded zip is not in the store any more. Upload the same zip again; that mends it."
    assert ended.message == told


def test_after_the_same_upload_again_the_next_run_gets_it(client, deps, begun):
    _, place, headers = begun
    content = place.read_bytes()
    flip_the_last_byte(place)
    upload(deps, content)
    client.get("/v1/runner/spec", headers=headers)
    assert client.get("/v1/runner/bundle", headers=headers).content == content


def test_people_are_told_of_a_damaged_zip_too(client, deps):
    made = upload(deps)
    flip_the_last_byte(place_of(deps.settings.resolved_storage_path, made.sha256))
    answer = client.get(f"/v1/orchestrations/{made.id}/bundle")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert "are damaged: their sha256 is" in answer.json()["message"]
