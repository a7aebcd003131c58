"""An installation whose bundles lie in a bucket: its commands and loops work on it, and say so when it is away."""

import subprocess
import sys

import pytest
from macropod_server.app import close_deps
from macropod_server.domain.errors import OutOfSpace
from macropod_server.flows.backup import back_up
from macropod_server.flows.backup_file import Backup
from macropod_server.flows.clean import clean
from macropod_server.flows.hand_spec import hand_spec
from macropod_server.flows.restore import restore_blobs, restore_lines
from macropod_server.flows.start_run import start_runs
from macropod_server.flows.sweep import sweep
from macropod_server.flows.usage import usage
from macropod_server.logstore.chunks import open_log_store
from macropod_server.storage.base import StorageForbidden, StorageMissing

from chaos.fault_proxy import CUT, FaultProxy, refused
from tests.batches import batch
from tests.builders import a_zip, make_deps, make_task, runs_of, upload


@pytest.fixture
def proxy(object_store, tmp_path):
    (object_store.folder / f"flows-{tmp_path.name.replace('_', '-')[-40:]}").mkdir()
    proxy = FaultProxy(object_store.port)
    yield proxy
    proxy.close()


@pytest.fixture
def settings(proxy, tmp_path):
    bucket = f"flows-{tmp_path.name.replace('_', '-')[-40:]}"
    return {"storage_url": f"s3://{bucket}/of/us", "storage_endpoint": proxy.endpoint}


@pytest.fixture
def deps(tmp_path, settings):
    deps = make_deps(tmp_path, **settings)
    yield deps
    close_deps(deps)


def test_what_was_uploaded_is_backed_up_and_restored_into_another_bucket(deps, tmp_path, settings):
    first, second = upload(deps), upload(deps, a_zip(b="1"))
    manifest = back_up(deps, tmp_path / "file.backup", now=deps.clock())
    assert (manifest.blobs, manifest.left_out) == (2, {})
    other = make_deps(tmp_path / "other", **settings | {"storage_url": settings["storage_url"] + "/copy"})
    restore_blobs(other.storage, Backup(tmp_path / "file.backup"))
    assert {blob.sha256 for blob in other.storage.list()} == {first.sha256, second.sha256}
    close_deps(other)


def test_lines_lie_beside_bundles_and_are_backed_up_with_all_else(deps, proxy, tmp_path):
    kept = upload(deps)
    deps.logs.append("run", first=1, batch=batch("a", "b"))
    assert deps.logs.move("run") is False
    assert deps.logs.sizes(["run"])["run"].outside_bytes > 0
    assert [line.text for line in deps.logs.read("run")] == ["a", "b"]
    assert [blob.sha256 for blob in deps.storage.list()] == [kept.sha256]
    back_up(deps, tmp_path / "file.backup", now=deps.clock())
    other = open_log_store(f"sqlite:///{tmp_path / 'other.db'}")
    restore_lines(other, Backup(tmp_path / "file.backup"))
    assert [line.text for line in other.read("run")] == ["a", "b"]
    other.close()
    deps.logs.drop("run")
    assert list(deps.logs.batches()) == []


def test_blobs_that_no_row_stands_for_are_swept(deps):
    kept = upload(deps)
    with deps.storage.stage() as staging:
        staging.write(b"orphan")
        staging.keep()
    deps.clock.now = next(deps.storage.list()).kept_at
    deps.clock.advance(hours=1)
    sweep(deps)
    assert [blob.sha256 for blob in deps.storage.list()] == [kept.sha256]
    assert {each.kind: each.count for each in usage(deps).uses}["bundles"] == 1


def test_while_the_bucket_is_away_the_commands_say_so_and_do_the_rest(deps, proxy):
    upload(deps)
    proxy.plan = lambda _request: refused(403, "AccessDenied")
    sweep(deps)
    found = usage(deps)
    assert "orchestrations" in {each.kind for each in found.uses}
    assert found.troubles[0].startswith("What bundles take is not known: The bucket ")
    told = clean(deps, now=deps.clock()).troubles
    assert [each.partition(":")[0] for each in told] == [
        "The left blobs could not be looked for",
        "The half uploads could not be looked for",
        "The left objects of logs could not be looked for",
    ]


def test_a_bucket_that_is_missing_or_forbidden_stops_the_start_and_one_that_is_away_does_not(tmp_path, proxy, settings):
    with pytest.raises(StorageMissing, match="There is no bucket 'nobodys'"):
        make_deps(tmp_path / "a", **settings | {"storage_url": "s3://nobodys"})
    proxy.plan = lambda _request: refused(403, "AccessDenied")
    with pytest.raises(StorageForbidden):
        make_deps(tmp_path / "b", **settings)
    proxy.plan = lambda _request: CUT
    deps = make_deps(tmp_path / "c", **settings)
    proxy.plan = lambda _request: None
    upload(deps)
    close_deps(deps)


def test_a_full_bucket_refuses_the_upload_as_a_full_disk_does(deps, proxy):
    proxy.plan = lambda _request: refused(507, "XMinioStorageFull")
    with pytest.raises(OutOfSpace, match="is full or its quota is used up"):
        upload(deps)


@pytest.mark.parametrize("direct", [True, False])
def test_the_runner_is_told_where_the_store_is_only_where_that_is_set(tmp_path, proxy, settings, direct):
    endpoint = {"storage_direct_endpoint": proxy.endpoint} if direct else {}
    deps = make_deps(tmp_path, **settings, **endpoint)
    content = a_zip({"main.py": "", "data": b"".join(number.to_bytes(4, "big") for number in range(200_000))})
    task = make_task(deps, upload(deps, content))
    start_runs(deps)
    spec = hand_spec(deps, runs_of(deps, task)[0].id, now=deps.clock())
    assert spec.bundle is None
    assert (spec.bundle_url or "").startswith(proxy.endpoint) is direct
    close_deps(deps)


def test_a_server_with_a_folder_does_not_load_the_library(tmp_path):
    code = "import sys; from macropod_server.app import build_deps; from macropod_server.settings import Settings; "
    code += f"from pathlib import Path; build_deps(Settings(data_dir=Path({str(tmp_path)!r}), spawner='process'), "
    code += "is_to_spawn=False); print({'boto3', 'botocore'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("set()")
