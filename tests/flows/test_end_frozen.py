"""A run whose container somebody froze: ended when its time is up, and not before."""

import pytest
from macropod_server.domain.lines import Stream
from macropod_server.flows.end_waits import end_waits
from macropod_server.flows.hand_spec import hand_spec
from macropod_server.flows.start_run import start_runs
from macropod_server.flows.watch_run import watch_silent

from tests.builders import make_task, reread, runs_of


@pytest.fixture
def frozen(deps):
    """A run with a time limit of 60 s and a grace of 10 s, frozen just after it began."""

    def freeze(**wish):
        task = make_task(deps, **wish)
        start_runs(deps)
        (run,) = runs_of(deps, task)
        hand_spec(deps, run.id, now=deps.clock())
        deps.spawner.write(run.id, "last words")
        deps.spawner.freeze(run.id)
        end_waits(deps)
        return run

    return freeze


def test_a_frozen_run_is_left_alone_before_its_time(deps, frozen):
    run = frozen(timeout_seconds=60)
    deps.clock.advance(seconds=74)
    watch_silent(deps)
    assert reread(deps, run).status == "running"


def test_a_clock_that_is_moved_ends_no_frozen_run(deps, frozen):
    run = frozen(timeout_seconds=60)
    deps.clock.jump(hours=2)
    watch_silent(deps)
    assert reread(deps, run).status == "running"


def test_a_frozen_run_ends_when_its_time_is_up(deps, frozen):
    run = frozen(timeout_seconds=60)
    deps.clock.advance(seconds=76)
    watch_silent(deps)
    ended = reread(deps, run)
    assert (ended.status, ended.reason) == ("timed_out", "time_limit")
    assert ended.message == (
        "The run reached its time limit of 60 s while its container was frozen from outside, and was ended."
    )
    assert [line.text for line in deps.logs.tail(run.id, limit=1, stream=Stream.STDOUT)] == ["last words"]


def test_a_frozen_run_without_a_limit_waits_for_whoever_froze_it(deps, frozen):
    run = frozen()
    deps.clock.advance(days=7)
    watch_silent(deps)
    assert reread(deps, run).status == "running"
    deps.spawner.begin(run.id)
    watch_silent(deps)
    assert reread(deps, run).status == "running"


def test_a_run_that_only_keeps_silent_is_not_taken_for_frozen(deps, frozen):
    run = frozen(timeout_seconds=60)
    deps.spawner.begin(run.id)
    deps.clock.advance(hours=2)
    watch_silent(deps)
    assert reread(deps, run).status == "running"
