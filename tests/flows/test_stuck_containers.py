"""One container that resists holds up no other, and a run that is delayed says why."""

from contextlib import suppress

import pytest
from macropod_server.db import runs
from macropod_server.domain.run import Reason
from macropod_server.flows.clean_up import clean_up
from macropod_server.flows.finish_run import Ending, finish_run
from macropod_server.flows.hand_spec import hand_spec
from macropod_server.flows.start_run import start_runs
from macropod_server.flows.stop_run import kill_task, stop_runs
from macropod_server.flows.sweep import sweep
from macropod_server.flows.watch_run import watch_silent
from macropod_server.loops import Engine
from macropod_server.spawners.base import Gone, SpawnerUnavailable

from tests.builders import WORKSPACE, make_deps, make_task, reread, runs_of
from tests.fakes.spawner import FakeSpawner


class HangingSpawner(FakeSpawner):
    """Never answers about some containers, which looks just as if it never answered at all."""

    hanging = ""

    def _reach(self, name=None):
        if name == self.hanging:
            raise SpawnerUnavailable("Read timed out.")
        super()._reach(name)


@pytest.fixture
def hanging(tmp_path, database_url):
    deps = make_deps(tmp_path, database_url=database_url, spawner=HangingSpawner())
    yield deps
    deps.logs.close()
    deps.database.close()


def step(flow, deps):
    with suppress(SpawnerUnavailable):
        flow(deps)


def running(deps, count):
    made = [make_task(deps) for _ in range(count)]
    start_runs(deps)
    for task in made:
        hand_spec(deps, runs_of(deps, task)[0].id, now=deps.clock())
    return made


def ask_to_kill(deps, tasks):
    for task in tasks:
        kill_task(deps, task.id, workspace_id=WORKSPACE, now=deps.clock())
    stop_runs(deps)
    deps.clock.advance(seconds=deps.settings.grace_seconds + 6)


def test_a_kill_that_cannot_be_carried_out_holds_up_no_other(deps):
    made = running(deps, 3)
    stuck, *others = [runs_of(deps, task)[0] for task in made]
    deps.spawner.stuck = {stuck.id}
    ask_to_kill(deps, made)
    stop_runs(deps)
    assert [reread(deps, run).status for run in others] == ["killed", "killed"]
    assert (reread(deps, stuck).status, reread(deps, made[0]).status) == ("running", "pending_kill")
    deps.spawner.stuck.clear()
    deps.clock.advance(minutes=1)
    stop_runs(deps)
    assert (reread(deps, stuck).status, reread(deps, made[0]).status) == ("killed", "killed")


def test_kills_are_settled_although_the_spawner_is_away(deps):
    stuck, settled = running(deps, 1)[0], make_task(deps, schedule="@daily")
    deps.spawner.become_unavailable()
    ask_to_kill(deps, [stuck, settled])
    step(stop_runs, deps)
    assert reread(deps, settled).status == "killed"


@pytest.mark.parametrize("flow", [clean_up, stop_runs, watch_silent])
def test_a_container_that_is_never_answered_for_lets_the_others_have_their_turn(hanging, flow):
    made = running(hanging, 3)
    runs = [runs_of(hanging, task)[0] for task in made]
    if flow is clean_up:
        for run in runs:
            finish_run(hanging, run.id, Ending(Reason.COMPLETED), now=hanging.clock())
    else:
        ask_to_kill(hanging, made)
    if flow is watch_silent:
        for run in runs:
            hanging.spawner.finish(run.id)
        hanging.clock.advance(minutes=1)
    hanging.spawner.hanging = runs[0].id
    for _ in range(2):
        step(flow, hanging)
    if flow is clean_up:
        assert [reread(hanging, run).removed_at is None for run in runs] == [True, False, False]
    else:
        assert [reread(hanging, run).ended_at is None for run in runs] == [True, False, False]


def test_soon_after_the_spawner_is_back_all_runs_are_cleaned_up(deps, ended_runs):
    ended = ended_runs(deps, 5)
    deps.spawner.become_unavailable()
    for _ in range(10):
        step(clean_up, deps)
        deps.clock.advance(seconds=1)
    deps.spawner.become_available()
    deps.clock.advance(seconds=2)
    clean_up(deps)
    assert [reread(deps, run).removed_at is None for run in ended] == [False] * 5


def test_a_leftover_that_cannot_be_removed_holds_up_no_other(deps, ended_runs):
    stuck, other = ended_runs(deps, 2)
    sweep(deps)
    assert deps.spawner.inspect(other.id) != Gone(), "the clean-up comes to it"
    with deps.database.write() as session:
        for run in (stuck, other):
            runs.note(session, run.id, removed_at=deps.clock())
    deps.spawner.stuck = {stuck.id}
    sweep(deps)
    assert deps.spawner.inspect(other.id) == Gone()


def test_a_server_starts_although_its_spawner_is_away(deps, restarted):
    running(deps, 2)
    deps.spawner.become_unavailable()
    engine = Engine(restarted, loops=())
    deps.clock.advance(minutes=1)
    engine.start()
    engine.stop()


def test_a_run_that_cannot_be_started_lets_others_go_first(tmp_path, database_url):
    deps = make_deps(tmp_path, database_url=database_url, max_runs=1)
    stuck = make_task(deps)
    deps.clock.advance(seconds=1)
    other = make_task(deps)
    deps.spawner.stuck = {runs_of(deps, stuck)[0].id}
    start_runs(deps)
    start_runs(deps)
    assert [runs_of(deps, task)[0].status for task in (stuck, other)] == ["queued", "starting"]
    assert runs_of(deps, stuck)[0].message.startswith("Waiting: The container of run")
    deps.logs.close()
    deps.database.close()


@pytest.mark.parametrize(("is_away", "reason"), [(True, "spawner_unavailable"), (False, "could_not_start")])
def test_a_run_that_could_not_be_started_for_long_fails_with_its_reason(deps, is_away, reason):
    task = make_task(deps)
    (run,) = runs_of(deps, task)
    if is_away:
        deps.spawner.become_unavailable()
    else:
        deps.spawner.stuck = {run.id}
    for _ in range(deps.settings.start_timeout_seconds // 60 + 1):
        start_runs(deps)
        assert reread(deps, run).status == "queued"
        deps.clock.advance(minutes=1)
    start_runs(deps)
    failed = reread(deps, run)
    assert (failed.status, failed.reason, failed.removed_at) == ("failure", reason, None)
    assert [(run.status, run.attempt) for run in runs_of(deps, task)] == [("failure", 1), ("queued", 2)]


@pytest.fixture
def put_back(deps):
    """A run whose start the spawner did not confirm, although the container is there."""
    task = make_task(deps)
    (run,) = runs_of(deps, task)
    deps.spawner.stuck = {run.id}
    start_runs(deps)
    deps.spawner.stuck.clear()
    deps.spawner.begin(run.id)
    return reread(deps, run)


def test_a_run_put_back_that_did_start_runs(deps, put_back):
    spec = hand_spec(deps, put_back.id, now=deps.clock())
    assert (spec.run.status, spec.run.message, spec.run.started_at) == ("running", None, deps.clock())
    deps.clock.advance(seconds=10)
    start_runs(deps)
    assert reread(deps, put_back).status == "running"
    assert deps.spawner.orders == []


def test_a_run_put_back_and_killed_does_not_begin_and_its_container_is_removed(deps, put_back):
    kill_task(deps, put_back.task_id, workspace_id=WORKSPACE, now=deps.clock())
    assert reread(deps, put_back).status == "killed"
    deps.clock.advance(minutes=1)
    clean_up(deps)
    assert deps.spawner.inspect(put_back.id) == Gone()


class KilledMeanwhile(FakeSpawner):
    """Does not answer; while it is waited for, somebody kills the task."""

    def spawn(self, order):
        kill_task(self.deps, order.task_id, workspace_id=WORKSPACE, now=self.deps.clock())
        raise SpawnerUnavailable("Read timed out.")


def test_a_run_killed_while_the_spawner_is_waited_for_is_not_put_back(tmp_path, database_url):
    deps = make_deps(tmp_path, database_url=database_url, spawner=KilledMeanwhile())
    deps.spawner.deps = deps
    task = make_task(deps)
    start_runs(deps)
    assert (runs_of(deps, task)[0].status, reread(deps, task).status) == ("killed", "killed")
    deps.logs.close()
    deps.database.close()
