"""What becomes of an environment that travels when its archive is lost, and what goes when nobody uses it any more."""

import pytest
from macropod_server.db.tables import Environment
from macropod_server.domain.naming import new_id
from macropod_server.flows.delete_orchestration import delete_orchestration
from macropod_server.flows.find_environment import lose_environment
from macropod_server.flows.package_orchestration import Turn
from macropod_server.flows.retain import expired, retain
from macropod_server.flows.start_run import start_runs
from macropod_server.flows.sweep import sweep
from macropod_server.flows.usage import usage

from tests.builders import WORKSPACE, a_zip, all_rows, make_task, reread, runs_of, upload
from tests.flows.test_environments import rebuild_of
from tests.flows.test_package_orchestration import agree, begin_packaging, end
from tests.flows.test_retain import keeping
from tests.flows.test_sweep import forget_environments, later
from tests.flows.test_travelling_environments import PACKED, blobs, built, send, sha256, start, the_environment


@pytest.fixture
def deps(deps):
    deps.spawner.keeps_environments = False
    return deps


def delete(deps, orchestration):
    delete_orchestration(deps, orchestration.id, workspace_id=WORKSPACE, now=deps.clock())


def test_a_run_whose_archive_has_vanished_waits_until_it_is_built_anew(deps):
    orchestration, _ = built(deps)
    deps.storage.delete(sha256(PACKED))
    waiting = start(deps, orchestration)
    assert (waiting.status, the_environment(deps).archive_sha256) == ("queued", None)
    packaging = rebuild_of(deps, orchestration)
    assert agree(deps, packaging) is Turn.BUILD
    send(deps, packaging)
    end(deps, packaging)
    deps.clock.advance(seconds=5)
    start_runs(deps)
    assert reread(deps, waiting).status == "starting"


def test_a_run_waits_while_the_store_is_away_and_nothing_is_called_lost(deps):
    orchestration, _ = built(deps)
    folder = deps.settings.resolved_storage_path
    folder.rename(folder.with_name("elsewhere"))
    waiting = start(deps, orchestration)
    assert (waiting.status, waiting.message[:9]) == ("queued", "Waiting: ")
    folder.with_name("elsewhere").rename(folder)
    deps.clock.advance(seconds=6)
    start_runs(deps)
    assert reread(deps, waiting).status == "starting"
    assert the_environment(deps).status == "ready"


def test_damaged_bytes_do_not_pass_for_those_that_are_built_anew(deps):
    """The same lock may come to the very same bytes, and the store keeps those it has."""
    orchestration, packaging = built(deps)
    damaged = deps.settings.resolved_storage_path / sha256(PACKED)[:2] / sha256(PACKED)[2:]
    damaged.write_bytes(b"not what it was")
    lose_environment(deps, packaging.id)
    assert blobs(deps) == {orchestration.sha256}
    _, again = begin_packaging(deps)
    agree(deps, again)
    send(deps, again)
    with deps.storage.open(sha256(PACKED)) as blob:
        assert blob.read() == PACKED


def test_losing_an_environment_that_was_built_anew_meanwhile_changes_nothing(deps):
    _, first = built(deps)
    lose_environment(deps, first.id)
    _, second = begin_packaging(deps)
    agree(deps, second)
    send(deps, second)
    end(deps, second)
    lose_environment(deps, first.id)
    assert (the_environment(deps).status, the_environment(deps).archive_sha256) == ("ready", sha256(PACKED))


def test_one_that_a_spawner_kept_is_built_anew_for_one_that_keeps_none(deps):
    deps.spawner.keeps_environments = True
    orchestration, packaging = begin_packaging(deps)
    agree(deps, packaging)
    end(deps, packaging)
    deps.spawner.keeps_environments = False
    _, again = begin_packaging(deps)
    assert agree(deps, again) is Turn.BUILD
    assert the_environment(deps).status == "building"
    send(deps, again)
    end(deps, again)
    assert start(deps, orchestration).status == "starting"


def test_an_archive_goes_with_its_environment_and_not_before(deps):
    orchestration, _ = built(deps)
    deps.clock.advance(days=40)
    retain(keeping(deps, environments_days=30))
    assert sha256(PACKED) in blobs(deps)
    delete(deps, orchestration)
    assert blobs(deps) == {sha256(PACKED)}
    deps.clock.advance(days=31)
    bounds = keeping(deps, environments_days=30)
    foretold = {each.kind: (each.count, each.bytes) for each in expired(bounds, now=deps.clock())}
    assert foretold["environments"] == (1, len(PACKED))
    retain(bounds)
    assert (all_rows(deps, Environment), blobs(deps)) == ([], set())


def test_an_archive_that_could_not_be_deleted_with_its_row_is_swept(deps):
    orchestration, _ = built(deps)
    delete(deps, orchestration)
    forget_environments(deps)
    later(deps)
    sweep(deps)
    assert blobs(deps) == set()


def test_bytes_that_are_a_bundle_and_an_archive_stay_as_long_as_either_needs_them(deps):
    orchestration, _ = built(deps, a_zip())
    bundle = upload(deps)
    assert bundle.sha256 == sha256(a_zip()) == the_environment(deps).archive_sha256
    delete(deps, bundle)
    assert bundle.sha256 in blobs(deps)
    again = upload(deps)
    delete(deps, orchestration)
    deps.clock.advance(days=31)
    retain(keeping(deps, environments_days=30))
    assert (all_rows(deps, Environment), blobs(deps)) == ([], {again.sha256})


def test_usage_tells_archives_from_bundles(deps):
    orchestration, _ = built(deps)
    told = {each.kind: (each.count, each.bytes) for each in usage(deps).uses}
    assert told["bundles"] == (1, orchestration.size_bytes)
    assert told["archives of environments"] == (1, len(PACKED))


def test_a_run_whose_packages_are_lost_names_what_is_lost(deps):
    orchestration, packaging = built(deps)
    lose_environment(deps, packaging.id)
    task = make_task(deps, orchestration, name=new_id())
    start_runs(deps)
    assert packaging.id in runs_of(deps, task)[0].message
