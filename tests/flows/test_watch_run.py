"""Runs whose runner is silent: the living are adopted, of the others the truth is told."""

from datetime import timedelta

import pytest
from macropod_server.domain.lines import Stream, encode_segment
from macropod_server.domain.run_error import RunError
from macropod_server.flows.hand_spec import hand_spec
from macropod_server.flows.recover_lines import recover_lines
from macropod_server.flows.start_run import start_runs
from macropod_server.flows.stop_run import kill_run
from macropod_server.flows.sweep import sweep
from macropod_server.flows.watch_run import watch, watch_silent
from macropod_server.loops import Engine
from macropod_server.spawners.base import Gone, Limits, Order, SpawnerUnavailable

from tests.builders import WORKSPACE, make_deps, make_task, reread, runs_of
from tests.fakes.spawner import FakeSpawner


@pytest.fixture
def run(deps):
    """A running run whose runner has been silent for a while."""
    task = make_task(deps)
    start_runs(deps)
    (run,) = runs_of(deps, task)
    hand_spec(deps, run.id, now=deps.clock())
    deps.spawner.begin(run.id)
    deps.clock.advance(minutes=1)
    return run


def test_a_container_that_lives_is_left_alone(deps, run):
    watch_silent(deps)
    assert reread(deps, run).status == "running"


def test_a_vanished_container_is_lost_not_succeeded(deps, run):
    deps.spawner.vanish(run.id)
    watch_silent(deps)
    assert (reread(deps, run).status, reread(deps, run).reason) == ("lost", "vanished")


@pytest.mark.parametrize("exit_code", [0, 1, -9, None])
def test_a_container_that_ended_without_a_report_is_a_failure_whatever_its_code(deps, run, exit_code):
    deps.spawner.finish(run.id, exit_code)
    watch_silent(deps)
    assert (reread(deps, run).status, reread(deps, run).reason) == ("failure", "runner_died")


TRACEBACK = (
    "Traceback (most recent call last):",
    '  File "/home/jovyan/main.py", line 3, in <module>',
    "ValueError: x",
)


@pytest.mark.parametrize(
    ("printed", "error"),
    [
        (("hello", *TRACEBACK), RunError("ValueError", "x", "main.py", 3)),
        ((*TRACEBACK, "caught, and gone on"), None),
        (("hello",), None),
    ],
)
def test_the_traceback_with_which_the_last_lines_of_a_container_end_is_the_error_of_the_run(deps, run, printed, error):
    deps.spawner.write(run.id, *printed)
    deps.spawner.finish(run.id, -9)
    watch_silent(deps)
    assert (reread(deps, run).reason, reread(deps, run).error) == ("runner_died", error)


def test_a_container_out_of_memory_says_so(deps, run):
    deps.spawner.finish(run.id, 137, out_of_memory=True)
    watch_silent(deps)
    assert (reread(deps, run).status, reread(deps, run).reason) == ("failure", "out_of_memory")


def test_a_spawner_that_does_not_answer_decides_nothing(deps, run):
    deps.spawner.vanish(run.id)
    deps.spawner.become_unavailable()
    with pytest.raises(SpawnerUnavailable):
        watch_silent(deps)
    assert reread(deps, run).status == "running"


def test_the_last_lines_of_a_dead_runner_are_stored_once(deps, run):
    deps.logs.append(run.id, first=1, batch=encode_segment(deps.clock(), Stream.STDOUT, ["one", "two"]))
    deps.spawner.write(run.id, "one", "two", "three")
    deps.spawner.finish(run.id, 1)
    watch_silent(deps)
    lines = list(deps.logs.read(run.id))
    assert [line.text for line in lines if line.stream is Stream.STDOUT] == ["one", "two", "three"]
    assert "were read from its container" in lines[2].text


def test_more_lines_than_one_look_holds_are_fetched_and_what_is_missing_before_them_is_said(deps, run):
    numbers = [f"line {number}" for number in range(1, 5001)]
    deps.logs.append(run.id, first=1, batch=encode_segment(deps.clock(), Stream.STDOUT, numbers[:10]))
    deps.spawner.write(run.id, *numbers)
    recover_lines(deps, run, now=deps.clock())
    recover_lines(deps, run, now=deps.clock())
    lines = list(deps.logs.read(run.id))
    assert [line.text for line in lines if line.stream is Stream.STDOUT] == numbers
    assert not any("are missing here" in line.text for line in lines)
    other = another_run(deps)
    deps.logs.append(other.id, first=1, batch=encode_segment(deps.clock(), Stream.STDOUT, numbers[:10]))
    deps.spawner.write(other.id, *numbers[100:])
    recover_lines(deps, other, now=deps.clock())
    lines = list(deps.logs.read(other.id))
    assert [line.text for line in lines if line.stream is Stream.STDOUT] == numbers[:10] + numbers[100:]
    assert "Lines are missing here" in lines[10].text


def another_run(deps):
    task = make_task(deps)
    start_runs(deps)
    [made] = runs_of(deps, task)
    return made


def test_the_runners_own_words_and_repeated_lines_are_no_reason_to_store_lines_twice(deps, run):
    deps.logs.append(run.id, first=1, batch=encode_segment(deps.clock(), Stream.STDOUT, ["tick"] * 3))
    deps.spawner.write(run.id, "tick", "macropod-runner: Trying again.", *["tick"] * 4)
    deps.spawner.finish(run.id, 1)
    watch_silent(deps)
    assert [line.text for line in deps.logs.read(run.id)].count("tick") == 5


def test_a_server_killed_between_claim_and_container_starts_the_run_once_it_is_back(deps, restarted):
    task = make_task(deps)
    start_runs(deps)
    (run,) = runs_of(deps, task)
    deps.spawner.vanish(run.id)
    deps.clock.advance(milliseconds=1)
    watch(restarted, silence=timedelta(0))
    assert [order.run_id for order in deps.spawner.orders] == [run.id, run.id]
    assert deps.spawner.orders[0].token == deps.spawner.orders[1].token
    assert reread(restarted, run).status == "starting"


def test_a_restarted_engine_adopts_what_runs(deps, run, restarted):
    engine = Engine(restarted, loops=())
    engine.start()
    engine.stop()
    assert reread(restarted, run).status == "running"
    assert len(deps.spawner.orders) == 1


def test_a_container_that_never_reports_is_given_up(deps):
    task = make_task(deps)
    start_runs(deps)
    (run,) = runs_of(deps, task)
    deps.spawner.begin(run.id)
    deps.clock.advance(seconds=deps.settings.start_timeout_seconds + 1)
    watch_silent(deps)
    assert (reread(deps, run).status, reread(deps, run).reason) == ("failure", "start_timeout")


def test_a_runner_that_did_not_come_through_is_given_up_with_its_last_words(deps):
    task = make_task(deps)
    start_runs(deps)
    (run,) = runs_of(deps, task)
    deps.spawner.begin(run.id)
    deps.spawner.write(
        run.id, "macropod-runner: One.", "macropod-runner: The server does not answer.", "of the program"
    )
    deps.clock.advance(seconds=deps.settings.start_timeout_seconds + 1)
    watch_silent(deps)
    assert reread(deps, run).message.endswith("Its runner said last: The server does not answer.")


def test_a_container_gone_after_its_stop_was_asked_for_was_killed(deps, run):
    """Whoever removed it was itself ended before it could note so."""
    kill_run(deps, run.id, workspace_id=WORKSPACE, now=deps.clock())
    deps.spawner.vanish(run.id)
    watch_silent(deps)
    assert (reread(deps, run).status, reread(deps, run).reason) == ("killed", "kill_requested")


def test_containers_nobody_knows_are_removed(deps, run):
    deps.spawner.spawn(Order("stranger", None, 1, "run", "token", Limits(1, 1, 1)))
    sweep(deps)
    assert deps.spawner.inspect("stranger") == Gone()
    assert deps.spawner.inspect(run.id) != Gone()


class SlowToLook(FakeSpawner):
    """While it looks at the container, the runner asks for its spec."""

    def inspect(self, run_id):
        hand_spec(self.deps, run_id, now=self.deps.clock())
        return super().inspect(run_id)


def test_a_run_that_begins_while_it_is_looked_at_is_not_given_up(tmp_path, database_url):
    deps = make_deps(tmp_path, database_url=database_url, spawner=SlowToLook())
    deps.spawner.deps = deps
    task = make_task(deps)
    start_runs(deps)
    deps.clock.advance(seconds=deps.settings.start_timeout_seconds + 1)
    watch_silent(deps)
    assert runs_of(deps, task)[0].status == "running"
    deps.logs.close()
    deps.database.close()
