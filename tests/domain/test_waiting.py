"""What a queued run waits for, said in one sentence."""

from dataclasses import replace
from datetime import timedelta

import pytest
from macropod_server.domain.task import Overlap
from macropod_server.domain.waiting import Around, Concurrency, Crowd, Queued, waits_for

from tests.builders import NOON

NOBODY = Crowd(0, {}, {})
FREE = Around(Concurrency(32, 8, 4), NOBODY, {}, {}, {}, spawner="process")
RUN = Queued(
    run_id="r",
    workspace_id=1,
    task_id="t",
    attempt=1,
    put_off_until=None,
    is_delayed=False,
    has_places=False,
    is_packaged=True,
    is_workspace_paused=False,
    is_task_paused=False,
    overlap=None,
    locks=(),
)
LATER = NOON + timedelta(seconds=5)


@pytest.mark.parametrize(
    ("run", "sentence"),
    [
        ({}, "about to be started"),
        ({"is_workspace_paused": True, "is_task_paused": True}, "the workspace is paused"),
        ({"is_task_paused": True, "is_packaged": False}, "the task is paused"),
        ({"is_packaged": False}, "waiting for the orchestration to be packaged"),
        ({"spawner": "docker"}, "waiting for a server with the spawner docker, which may have made its container"),
        ({"spawner": "process"}, "about to be started"),
        ({"put_off_until": LATER}, "waiting until 12:00:05 UTC"),
        ({"put_off_until": LATER, "attempt": 2}, "waiting until 12:00:05 UTC (attempt 2)"),
        ({"put_off_until": NOON + timedelta(days=1)}, "waiting until 2026-03-03 12:00:00 UTC"),
        ({"put_off_until": NOON}, "about to be started"),
        (
            {"put_off_until": LATER, "is_delayed": True},
            "waiting for the spawner, which is asked again at 12:00:05 UTC",
        ),
    ],
)
def test_a_run_may_wait_for_something_of_its_own(run, sentence):
    assert waits_for(replace(RUN, **run), FREE, now=NOON) == sentence


@pytest.mark.parametrize(
    ("overlap", "holder", "sentence"),
    [
        (Overlap.QUEUE_ONE, "x", "waiting for the run before it (overlap queue_one): run x"),
        (Overlap.ALLOW, "x", "waiting for the run before it: run x"),
        (Overlap.QUEUE_ALL, "r", "about to be started"),
        (None, "x", "about to be started"),
    ],
)
def test_a_run_may_wait_for_the_one_before_it(overlap, holder, sentence):
    around = replace(FREE, holders_of_tasks={"t": holder})
    assert waits_for(replace(RUN, overlap=overlap), around, now=NOON) == sentence


@pytest.mark.parametrize(
    ("holders", "sizes", "sentence"),
    [
        ({"a": ["x"]}, {}, "waiting for lock a, held by run x"),
        ({"a": ["x"], "b": ["y"]}, {}, "waiting for lock a, held by run x, and for lock b, held by run y"),
        ({"b": ["y"]}, {}, "waiting for lock b, held by run y"),
        ({"a": ["x"]}, {"a": 2}, "about to be started"),
        ({"a": ["x", "y"]}, {"a": 2}, "waiting for a place in pool a: 2 of 2 are held, by runs x and y"),
        (
            {"a": ["x", "y", "z"]},
            {"a": 2},
            "waiting for a place in pool a: 3 of 2 are held, by runs x, y and z",
        ),
    ],
)
def test_a_run_may_wait_for_locks(holders, sizes, sentence):
    around = replace(
        FREE,
        holders_of_locks={(1, name): runs for name, runs in holders.items()},
        sizes={(1, name): size for name, size in sizes.items()},
    )
    assert waits_for(replace(RUN, locks=("a", "b")), around, now=NOON) == sentence
    assert waits_for(replace(RUN, locks=("a", "b"), workspace_id=2), around, now=NOON) == "about to be started"
    assert waits_for(replace(RUN, locks=("a", "b"), has_places=True), around, now=NOON) == "about to be started"


def test_a_lock_may_be_kept_for_another_run():
    around = replace(FREE, kept_for="x", kept_locks={(1, "a")})
    wanting = replace(RUN, locks=("a",))
    sentence = "waiting for lock a, kept free for run x, which has waited long for several locks"
    assert waits_for(wanting, around, now=NOON) == sentence
    assert waits_for(replace(wanting, run_id="x"), around, now=NOON) == "about to be started"


@pytest.mark.parametrize(
    ("crowd", "sentence"),
    [
        (Crowd(32, {1: 8}, {"t": 4}), "waiting for a free place: 32 of 32 runs of the server are under way"),
        (Crowd(31, {1: 8}, {"t": 4}), "waiting for a free place: 8 of 8 runs of the workspace are under way"),
        (Crowd(31, {1: 7}, {"t": 4}), "waiting for a free place: 4 of 4 runs of this task are under way"),
        (Crowd(31, {1: 7}, {"t": 3}), "about to be started"),
    ],
)
def test_a_run_may_wait_for_a_place_among_the_runs_at_once(crowd, sentence):
    assert waits_for(RUN, replace(FREE, crowd=crowd), now=NOON) == sentence
