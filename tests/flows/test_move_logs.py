"""Lines of ended runs go to the bucket once they are merged, and from it when their logs go; nobody notices."""

from dataclasses import replace

import pytest
from macropod_server.db.tables import RunLog
from macropod_server.domain.errors import Unavailable
from macropod_server.flows.clean import clean
from macropod_server.flows.log_usage import log_usage
from macropod_server.flows.merge_logs import merge_logs
from macropod_server.flows.move_logs import move_logs, sweep_logs
from macropod_server.flows.retain import retain
from macropod_server.flows.settle_restored import settle_restored
from macropod_server.logstore.chunks import open_log_store
from macropod_server.loops import LOOPS
from sqlalchemy import text

from tests.batches import batch
from tests.builders import WORKSPACE, all_rows, make_task, runs_of
from tests.fakes.bodies import MemoryBodies


@pytest.fixture
def bodies():
    return MemoryBodies()


@pytest.fixture
def moving(deps, bodies):
    """The same world with a bucket for lines."""
    logs = open_log_store(deps.settings.resolved_logs_url, bodies=bodies)
    yield replace(deps, logs=logs, settings=replace(deps.settings, storage_url="s3://macropod"))
    logs.close()


@pytest.fixture
def logged(moving, ended_runs):
    def make(count):
        runs = ended_runs(moving, count)
        for run in runs:
            for number in (1, 2, 3):
                moving.logs.append(run.id, first=number, batch=batch(f"line {number}"))
        with moving.database.write() as session:
            session.execute(text("UPDATE runs SET removed_at = ended_at"))
        moving.clock.advance(minutes=5)
        while merge_logs(moving):
            pass
        return runs

    return make


def texts(deps, run):
    return [line.text for line in deps.logs.read(run.id)]


def test_merged_lines_of_ended_runs_are_moved_one_object_a_chunk(moving, bodies, logged):
    runs = logged(2)
    going = runs_of(moving, make_task(moving))[0]
    moving.logs.append(going.id, first=1, batch=batch("a"))
    assert move_logs(moving) is False
    assert sorted(key.split("/")[1] for key in bodies.bodies) == sorted(run.id for run in runs)
    assert all(texts(moving, run) == ["line 1", "line 2", "line 3"] for run in runs)
    total = log_usage(moving, workspace_id=WORKSPACE, tasks_limit=0).total
    assert total.bucket_bytes == total.bytes == sum(len(each) for each in bodies.bodies.values()) > 0
    before = dict(bodies.bodies)
    assert move_logs(moving) is False
    assert bodies.bodies == before


def test_many_are_moved_in_several_steps(moving, bodies, logged):
    logged(40)
    assert move_logs(moving) is True
    assert len(bodies.bodies) == 32
    while move_logs(moving):
        pass
    assert len(bodies.bodies) == 40
    assert all(row.moved_at is not None for row in all_rows(moving, RunLog))


def test_nothing_is_moved_where_there_is_no_bucket_and_all_of_it_once_there_is(deps, moving, bodies, logged):
    logged(1)
    assert move_logs(replace(moving, settings=deps.settings)) is False
    assert (bodies.bodies, [row.moved_at for row in all_rows(moving, RunLog)]) == ({}, [None])
    move_logs(moving)
    assert len(bodies.bodies) == 1


def test_while_the_bucket_is_away_moving_waits_and_nothing_is_lost(moving, bodies, logged):
    [run] = logged(1)
    bodies.is_away = True
    with pytest.raises(Unavailable):
        move_logs(moving)
    assert texts(moving, run) == ["line 1", "line 2", "line 3"]
    bodies.is_away = False
    move_logs(moving)
    assert (len(bodies.bodies), texts(moving, run)) == (1, ["line 1", "line 2", "line 3"])


def test_what_was_moved_and_not_noted_before_the_server_ended_is_noted_by_the_next(moving, bodies, logged):
    [run] = logged(1)
    moving.logs.move(run.id)
    assert [row.bucket_bytes for row in all_rows(moving, RunLog)] == [0]
    move_logs(moving)
    assert [row.bucket_bytes > 0 for row in all_rows(moving, RunLog)] == [True]
    assert len(bodies.bodies) == 1


def test_a_log_that_goes_leaves_nothing_in_the_bucket(moving, bodies, logged):
    [run] = logged(1)
    move_logs(moving)
    moving.clock.advance(days=31)
    while retain(moving):
        pass
    assert bodies.bodies == {}
    assert "were removed" in texts(moving, run)[0]
    assert move_logs(moving) is False
    assert bodies.bodies == {}


def test_a_bucket_that_is_away_while_a_log_goes_is_swept_later(moving, bodies, logged):
    [run] = logged(1)
    move_logs(moving)
    moving.clock.advance(days=31)
    bodies.is_away = True
    while retain(moving):
        pass
    bodies.is_away = False
    assert "were removed" in texts(moving, run)[0]
    assert len(bodies.bodies) == 1
    for _ in range(256):
        sweep_logs(moving)
        moving.clock.advance(minutes=5)
    assert bodies.bodies == {}


def test_what_is_left_is_cleaned_by_hand_at_once_and_what_is_under_way_stays(moving, bodies, logged):
    [run] = logged(1)
    move_logs(moving)
    bodies.put("ff/none/1-2-0", b"left")
    assert moving.logs.sweep("", before=moving.clock()) == 1
    bodies.put("ff/none/1-2-0", b"under way")
    bodies.put_at["ff/none/1-2-0"] = moving.clock()
    cleaned = {each.kind: each.count for each in clean(moving, now=moving.clock()).removed}
    assert cleaned["left objects of logs"] == 0
    moving.clock.advance(hours=2)
    cleaned = {each.kind: each.count for each in clean(moving, now=moving.clock()).removed}
    assert cleaned["left objects of logs"] == 1
    assert texts(moving, run) == ["line 1", "line 2", "line 3"]


def test_after_a_restore_lines_are_in_the_database_and_are_moved_anew(moving, logged):
    logged(1)
    move_logs(moving)
    settle_restored(moving, takes_over=True, is_paused=False, left_out=[], made_at="now", now=moving.clock())
    [row] = all_rows(moving, RunLog)
    assert (row.bytes, row.bucket_bytes, row.moved_at) == (None, 0, None)


def test_the_engine_moves_and_sweeps():
    assert {"move_logs", "sweep_logs", "measure_logs"} <= {loop.name for loop in LOOPS}
