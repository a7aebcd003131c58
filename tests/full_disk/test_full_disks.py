"""A full disk refuses with its reason, leaves nothing half-written, and is forgotten once there is space again."""

import hashlib
import os

import pytest
from macropod_server.app import close_deps, create_app
from macropod_server.db.tables import Orchestration, Task
from macropod_server.domain.errors import OutOfSpace
from macropod_server.domain.naming import run_token
from macropod_server.flows.hand_spec import hand_spec
from macropod_server.flows.issue_token import issue_token
from macropod_server.flows.start_run import start_runs
from macropod_server.logstore.chunks import open_log_store
from macropod_server.storage.local import LocalStorage
from starlette.testclient import TestClient

from tests.batches import batch
from tests.builders import a_zip, all_rows, make_deps, make_task, runs_of, upload

MIB = 1024**2


def noise(size):
    return os.urandom(size)


def client_of(deps):
    client = TestClient(create_app(deps, with_engine=False), raise_server_exceptions=False)
    client.headers["Authorization"] = f"Bearer {issue_token(deps.database, name='test', now=deps.clock())}"
    return client


def send(client, content):
    return client.post("/v1/orchestrations", files={"file": ("a.zip", content)})


@pytest.fixture
def on_small_disk(tmp_path, small_disk):
    """Deps with one of their places on the small disk and all others elsewhere."""
    made = []

    def make(place):
        places = {"data_dir": tmp_path / "data"}
        match place:
            case "storage":
                places["storage_url"] = f"file://{small_disk.folder / 'blobs'}"
            case "database":
                places["database_url"] = f"sqlite:///{small_disk.folder / 'macropod.db'}"
            case "logs":
                places |= {
                    "data_dir": small_disk.folder / "data",
                    "database_url": f"sqlite:///{tmp_path / 'macropod.db'}",
                    "storage_url": f"file://{tmp_path / 'blobs'}",
                }
        made.append(make_deps(tmp_path, **places))
        return made[-1]

    yield make
    for deps in made:
        close_deps(deps)


@pytest.mark.parametrize("room", [0, 100_000])
def test_a_store_without_room_refuses_and_keeps_nothing(small_disk, room):
    storage = LocalStorage(small_disk.folder / "blobs")
    content = noise(MIB)
    small_disk.fill(but=room)

    def keep():
        with storage.stage() as staging:
            staging.write(content)
            return staging.keep()

    with pytest.raises(OutOfSpace, match="full"):
        keep()
    assert list((small_disk.folder / "blobs" / "staging").iterdir()) == []
    assert list(storage.list()) == []
    small_disk.free()
    assert keep() == hashlib.sha256(content).hexdigest()


def test_an_upload_to_a_full_store_is_refused_with_507_and_nothing_is_left(small_disk, on_small_disk):
    deps = on_small_disk("storage")
    client, content = client_of(deps), a_zip({"main.py": "", "data": noise(2 * MIB)})
    small_disk.fill(but=MIB)
    refused = send(client, content)
    assert (refused.status_code, refused.json()["code"]) == (507, "out_of_space")
    assert "Retry-After" in refused.headers
    assert "full" in refused.json()["message"]
    assert list((small_disk.folder / "blobs" / "staging").iterdir()) == []
    assert (list(deps.storage.list()), all_rows(deps, Orchestration)) == ([], [])
    small_disk.free()
    assert send(client, content).status_code == 201


def test_uploads_and_tasks_are_refused_while_the_disk_of_the_database_is_full(small_disk, on_small_disk):
    deps = on_small_disk("database")
    client = client_of(deps)
    orchestration = upload(deps)
    small_disk.fill()
    wish = {"orchestration_id": orchestration.id, "name": "n", "kind": "run_once", "json_args": {"x": "y" * 500_000}}
    refused = [send(client, a_zip(other="# 1")), client.post("/v1/tasks", json=wish)]
    assert {(answer.status_code, answer.json()["code"]) for answer in refused} == {(507, "out_of_space")}
    assert client.get("/v1/tasks").json()["items"] == []
    assert [each.id for each in all_rows(deps, Orchestration)] == [orchestration.id]
    small_disk.free()
    assert client.post("/v1/tasks", json=wish).status_code == 201
    assert len(all_rows(deps, Task)) == 1


def test_a_log_store_without_room_stores_nothing_of_a_batch_and_takes_it_later(small_disk):
    store = open_log_store(f"sqlite:///{small_disk.folder / 'logs.db'}")
    store.append("run", first=1, batch=batch("before"))
    small_disk.fill()
    long = noise(1_500_000).hex()
    with pytest.raises(OutOfSpace, match="full"):
        store.append("run", first=2, batch=batch(long))
    assert [line.text for line in store.read("run")] == ["before"]
    small_disk.free()
    assert store.append("run", first=2, batch=batch(long)) == 3
    assert [line.text for line in store.read("run")] == ["before", long]
    store.close()


def test_a_runner_is_told_to_keep_its_lines_while_the_disk_of_the_logs_is_full(small_disk, on_small_disk):
    deps = on_small_disk("logs")
    task = make_task(deps)
    start_runs(deps)
    (run,) = runs_of(deps, task)
    hand_spec(deps, run.id, now=deps.clock())
    client = client_of(deps)
    client.headers["Authorization"] = f"Bearer {run_token(run.id, key=deps.run_key)}"
    lines = batch(noise(1_500_000).hex())
    small_disk.fill()
    refused = client.post("/v1/runner/lines", params={"first": 1}, content=lines)
    # Any 5xx is tried again by the runner, which keeps the lines meanwhile.
    assert (refused.status_code, refused.json()["code"]) == (507, "out_of_space")
    small_disk.free()
    assert client.post("/v1/runner/lines", params={"first": 1}, content=lines).json() == {"expected": 2}
