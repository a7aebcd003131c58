"""Lines of ended runs are merged once, some minutes after the end, and nobody else's."""

from macropod_server.flows.merge_logs import merge_logs
from macropod_server.logstore.base import Batch
from macropod_server.loops import LOOPS
from sqlalchemy import text

from tests.batches import batch
from tests.builders import make_task, runs_of


def with_lines(deps, runs, *, count=4):
    for run in runs:
        deps.logs.fill(Batch(run.id, number, batch(f"line {number}")) for number in range(1, count + 1))


def chunks_of(deps, run):
    with deps.logs._engine.connect() as connection:
        return connection.scalar(text("SELECT count(*) FROM chunks WHERE run_id = :run"), {"run": run.id})


def texts(deps, run):
    return [line.text for line in deps.logs.read(run.id)]


def test_the_lines_of_a_run_are_merged_two_minutes_after_its_end(deps, ended_runs):
    [run] = ended_runs(deps, 1)
    with_lines(deps, [run])
    deps.clock.advance(seconds=119)
    assert merge_logs(deps) is False
    assert chunks_of(deps, run) == 4
    deps.clock.advance(seconds=2)
    merge_logs(deps)
    assert chunks_of(deps, run) == 1
    assert texts(deps, run) == ["line 1", "line 2", "line 3", "line 4"]


def test_a_run_that_goes_on_is_left_alone(deps):
    [run] = runs_of(deps, make_task(deps))
    with_lines(deps, [run])
    deps.clock.advance(days=1)
    merge_logs(deps)
    assert chunks_of(deps, run) == 4


def test_many_runs_are_merged_in_several_steps_each_once_also_after_a_restart(deps, restarted, ended_runs):
    runs = ended_runs(deps, 25)
    with_lines(deps, runs)
    deps.clock.advance(minutes=5)
    assert merge_logs(deps) is True
    assert merge_logs(restarted) is False
    assert {chunks_of(deps, run) for run in runs} == {1}
    with_lines(deps, [])
    assert deps.logs.merged_until() > 0
    assert merge_logs(deps) is False


def test_a_large_run_is_merged_in_parts(deps, ended_runs):
    [run] = ended_runs(deps, 1)
    with_lines(deps, [run], count=1200)
    deps.clock.advance(minutes=5)
    steps = 1
    while merge_logs(deps):
        steps += 1
    assert steps > 1
    assert chunks_of(deps, run) == 1
    assert texts(deps, run) == [f"line {number}" for number in range(1, 1201)]


def test_lines_that_cannot_be_read_hold_up_no_other_run(deps, ended_runs):
    broken, sound = ended_runs(deps, 2)
    with_lines(deps, [broken, sound])
    with deps.logs._engine.begin() as connection:
        connection.execute(text("UPDATE chunks SET body = :body WHERE run_id = :run"), {"body": b"?", "run": broken.id})
    deps.clock.advance(minutes=5)
    merge_logs(deps)
    assert chunks_of(deps, sound) == 1


def test_the_engine_merges():
    assert "merge_logs" in {loop.name for loop in LOOPS}
