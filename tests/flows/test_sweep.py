"""What a crash left behind is found and removed, and nothing that a row, a run or an upload under way stands for."""

import pytest
from macropod_server.db.tables import Environment, Orchestration
from macropod_server.domain.errors import Unavailable
from macropod_server.domain.naming import new_id
from macropod_server.flows.clean import clean, would_clean
from macropod_server.flows.delete_orchestration import delete_orchestration
from macropod_server.flows.receive_upload import Upload, receive_upload
from macropod_server.flows.start_run import start_runs
from macropod_server.flows.sweep import sweep
from macropod_server.flows.usage import usage
from macropod_server.loops import LOOPS
from sqlmodel import delete, update

from tests.builders import WORKSPACE, a_zip, make_task, runs_of, upload
from tests.flows.test_package_orchestration import agree, begin_packaging, end


def keep(deps, content):
    with deps.storage.stage() as staging:
        staging.write(content)
        return staging.keep()


def later(deps):
    """Blobs carry the time of the disk."""
    kept = max(blob.kept_at for blob in deps.storage.list())
    deps.clock.now = max(deps.clock.now, kept)
    return deps.clock.advance(minutes=1)


def blobs(deps):
    return {blob.sha256 for blob in deps.storage.list()}


def test_files_whose_container_is_gone_are_removed_once_their_run_has_ended(deps):
    task = make_task(deps)
    start_runs(deps)
    (run,) = runs_of(deps, task)
    deps.spawner.vanish(run.id)
    sweep(deps)
    assert deps.spawner.remains() == [run.id]
    unknown = new_id()
    deps.spawner.containers.files.add(unknown)
    sweep(deps)
    assert deps.spawner.remains() == [run.id]


def test_environments_nobody_has_a_row_for_are_removed(deps):
    _, packaging = begin_packaging(deps)
    agree(deps, packaging)
    stranger = new_id()
    deps.spawner.provide(stranger)
    sweep(deps)
    assert deps.spawner.environments() == [packaging.id]
    end(deps, packaging)
    sweep(deps)
    assert deps.spawner.environments() == [packaging.id]
    forget_environments(deps)
    sweep(deps)
    assert deps.spawner.environments() == []


def forget_environments(deps):
    with deps.database.write() as session:
        session.execute(update(Orchestration).values(environment=None))
        session.execute(delete(Environment))


def test_an_environment_whose_packaging_is_under_way_stays_also_before_it_has_a_row(deps):
    _, packaging = begin_packaging(deps)
    sweep(deps)
    assert deps.spawner.environments() == [packaging.id]


def test_a_blob_without_a_row_is_removed_and_those_with_one_stay(deps):
    known, orphan = upload(deps), keep(deps, b"a blob whose server was ended before it wrote the row")
    sweep(deps)
    assert blobs(deps) == {known.sha256, orphan}, "it may be an upload under way"
    later(deps)
    sweep(deps)
    assert blobs(deps) == {known.sha256}


def test_the_blob_of_a_deleted_orchestration_that_was_left_is_removed(deps):
    orchestration = upload(deps)
    with deps.storage.open(orchestration.sha256) as blob:
        content = blob.read()
    delete_orchestration(deps, orchestration.id, workspace_id=WORKSPACE, now=deps.clock())
    keep(deps, content)
    later(deps)
    sweep(deps)
    assert blobs(deps) == set()


class SweptAway:
    """A staging that takes very long between the blob and the row."""

    def __init__(self, deps, staging):
        self._deps, self._staging = deps, staging

    def __getattr__(self, name):
        return getattr(self._staging, name)

    def keep(self):
        sha256 = self._staging.keep()
        later(self._deps)
        sweep(self._deps)
        return sha256


def test_an_upload_whose_blob_was_swept_away_is_told_to_come_again(deps):
    with deps.storage.stage() as staging:
        staging.write(a_zip())
        with pytest.raises(Unavailable, match="Send the upload again"):
            receive_upload(deps, Upload(WORKSPACE), SweptAway(deps, staging), now=deps.clock())
    assert upload(deps).sha256 in blobs(deps)


def test_a_spawner_that_is_away_does_not_keep_blobs_from_being_swept(deps):
    keep(deps, b"orphan")
    later(deps)
    deps.spawner.become_unavailable()
    sweep(deps)
    assert blobs(deps) == set()


def test_the_sweep_is_the_work_of_a_loop_that_begins_with_the_engine():
    assert {"sweep", "retain"} <= {loop.name for loop in LOOPS}


def test_cleaning_by_hand_tells_what_would_go_and_then_removes_just_that(deps):
    kept = upload(deps)
    keep(deps, b"orphan")
    deps.spawner.provide(new_id())
    deps.spawner.containers.files.add(new_id())
    now = later(deps)
    foretold = would_clean(deps, now=now)
    counts = {each.kind: (each.count, each.bytes) for each in foretold.removed if each.count}
    assert counts == {
        "left containers and files of runs": (1, 10),
        "left environments": (1, 1000),
        "left blobs": (1, 6),
    }
    assert (len(blobs(deps)), len(deps.spawner.environments())) == (2, 1)
    done = clean(deps, now=now)
    assert {each.kind: (each.count, each.bytes) for each in done.removed if each.count} == counts
    assert (blobs(deps), deps.spawner.environments(), deps.spawner.remains()) == ({kept.sha256}, [], [])
    assert done.troubles == []


def test_cleaning_without_the_spawner_says_what_was_not_looked_at(deps):
    keep(deps, b"orphan")
    later(deps)
    deps.spawner.become_unavailable()
    done = clean(deps, now=deps.clock())
    assert len(done.troubles) == 2
    assert blobs(deps) == set()


def test_usage_counts_rows_blobs_lines_and_what_the_spawner_holds(deps):
    make_task(deps)
    start_runs(deps)
    told = {each.kind: each for each in usage(deps).uses}
    assert (told["tasks"].count, told["runs"].count, told["bundles"].count) == (1, 1, 1)
    assert (told["files of runs"].count, told["files of runs"].bytes) == (1, 10)
    assert told["bundles"].bytes == len(a_zip())
    assert (told["database"].bytes or 0) > 0
    assert (told["runs"].bytes or 0) > 0
    assert "lines of logs" in told
