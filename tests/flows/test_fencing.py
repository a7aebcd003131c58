"""A server that was stopped and woken acts on what it saw before: nothing of that is written any more."""

from collections.abc import Callable

import pytest
from macropod_server.app import close_deps
from macropod_server.db import runs
from macropod_server.domain.errors import Conflict
from macropod_server.domain.lines import Stream
from macropod_server.domain.run import Reason, RunStatus
from macropod_server.flows.clean_up import clean_up
from macropod_server.flows.finish_run import Ending, finish_run
from macropod_server.flows.hand_spec import hand_spec
from macropod_server.flows.put_off import putting_off
from macropod_server.flows.start_run import start_runs
from macropod_server.flows.stop_run import kill_task, stop_runs
from macropod_server.flows.sweep import sweep
from macropod_server.flows.watch_run import watch_silent
from macropod_server.spawners.base import CouldNotStart, Exited, Gone, SpawnerUnavailable

from tests.builders import WORKSPACE, make_deps, make_task, reread, runs_of
from tests.fakes.spawner import FakeSpawner


class StoppedServersSpawner(FakeSpawner):
    """Calls `meanwhile` once inside a call: that is what others do while this server is stopped in it."""

    def __init__(self, containers, within):
        super().__init__(containers)
        self._within = within
        self.meanwhile: Callable[[], None] = lambda: None

    def spawn(self, order):
        self._stop_in("spawn")
        super().spawn(order)

    def inspect(self, run_id):
        seen = super().inspect(run_id)
        self._stop_in("inspect")
        return seen

    def output(self, run_id, *, limit):
        lines = super().output(run_id, limit=limit)
        self._stop_in("output")
        return lines

    def remove(self, run_id, *, grace):
        self._stop_in("remove")
        super().remove(run_id, grace=grace)

    def _stop_in(self, call):
        if call == self._within:
            meanwhile, self.meanwhile = self.meanwhile, lambda: None
            meanwhile()


@pytest.fixture
def stopped_in(tmp_path, deps):
    """A second server on the same database, containers and clock, to be stopped within a call to its spawner."""
    made = []

    def make(call, meanwhile):
        spawner = StoppedServersSpawner(deps.spawner.containers, call)
        server = make_deps(tmp_path, spawner=spawner, clock=deps.clock, database_url=deps.settings.database_url)
        spawner.meanwhile = meanwhile
        made.append(server)
        return server

    yield make
    for server in made:
        close_deps(server)


@pytest.fixture
def run(deps):
    return runs_of(deps, make_task(deps))[0]


def now_as(deps, run):
    return reread(deps, run)


def ends(deps, run):
    """The other server starts the run, sees it to its end and cleans up."""
    deps.spawner.begin(run.id)
    hand_spec(deps, run.id, now=deps.clock())
    finish_run(deps, run.id, Ending(Reason.COMPLETED), now=deps.clock())
    clean_up(deps)
    assert deps.spawner.inspect(run.id) == Gone()


def is_claimed_anew(deps, run):
    """Back to the queue and claimed once more: starting again, and another claim."""
    with deps.database.write() as session:
        runs.advance(session, runs.get(session, run.id), RunStatus.QUEUED, now=deps.clock(), delayed_since=deps.clock())
    start_runs(deps)
    assert (now_as(deps, run).status, now_as(deps, run).lease) == ("starting", 2)


def test_every_claim_has_a_number_of_its_own(deps, run):
    assert now_as(deps, run).lease == 0
    start_runs(deps)
    assert now_as(deps, run).lease == 1
    is_claimed_anew(deps, run)


def test_a_woken_server_starts_a_container_of_an_ended_run_that_does_nothing_and_goes(deps, run, stopped_in):
    woken = stopped_in("spawn", lambda: ends(deps, run))
    start_runs(woken)
    assert run.id in deps.spawner.list()
    with pytest.raises(Conflict, match="is success; it is not to be started"):
        hand_spec(deps, run.id, now=deps.clock())
    sweep(deps)
    assert deps.spawner.inspect(run.id) == Gone()
    assert now_as(deps, run).status == "success"


@pytest.mark.parametrize("trouble", [SpawnerUnavailable("away"), CouldNotStart("No room.")])
def test_a_woken_server_says_nothing_about_a_run_that_was_claimed_anew(deps, run, stopped_in, trouble):
    def meanwhile():
        is_claimed_anew(deps, run)
        raise trouble

    start_runs(stopped_in("spawn", meanwhile))
    found = now_as(deps, run)
    assert (found.status, found.lease, found.reason, found.message) == ("starting", 2, None, None)


def test_a_woken_server_does_not_end_what_it_saw_exited_in_an_earlier_claim(deps, run, stopped_in):
    start_runs(deps)
    deps.spawner.finish(run.id, 1)
    deps.clock.advance(minutes=1)

    def meanwhile():
        deps.spawner.vanish(run.id)
        is_claimed_anew(deps, run)

    watch_silent(stopped_in("inspect", meanwhile))
    assert now_as(deps, run).status == "starting"


def test_a_woken_server_does_not_end_what_another_claimed_while_it_read_the_last_lines(deps, run, stopped_in):
    start_runs(deps)
    deps.spawner.finish(run.id, 1)
    deps.clock.advance(minutes=1)
    watch_silent(stopped_in("output", lambda: is_claimed_anew(deps, run)))
    assert now_as(deps, run).status == "starting"


def test_a_woken_server_stores_no_last_lines_that_another_has_stored(deps, run, stopped_in):
    start_runs(deps)
    hand_spec(deps, run.id, now=deps.clock())
    deps.spawner.containers.sightings[run.id] = Exited(1)
    deps.spawner.write(run.id, "one", "two")
    deps.clock.advance(minutes=1)
    watch_silent(stopped_in("output", lambda: watch_silent(deps)))
    assert [line.text for line in deps.logs.read(run.id, stream=Stream.STDOUT)] == ["one", "two"]


def test_a_woken_server_does_not_put_off_a_run_that_moved_on(deps, run):
    start_runs(deps)
    seen = now_as(deps, run)
    is_claimed_anew(deps, run)
    with putting_off(deps, seen):
        raise RuntimeError
    assert now_as(deps, run).put_off_until is None


def test_a_woken_server_that_was_about_to_remove_a_container_changes_nothing_of_its_end(deps, run, stopped_in):
    start_runs(deps)
    hand_spec(deps, run.id, now=deps.clock())
    kill_task(deps, run.task_id, workspace_id=WORKSPACE, now=deps.clock())
    woken = stopped_in("remove", lambda: finish_run(deps, run.id, Ending(Reason.COMPLETED), now=deps.clock()))
    stop_runs(woken)
    deps.clock.advance(minutes=1)
    stop_runs(woken)
    assert (now_as(deps, run).status, now_as(deps, run).reason) == ("success", "completed")


def test_an_end_seen_in_another_status_is_not_recorded(deps, run):
    start_runs(deps)
    seen = now_as(deps, run)
    hand_spec(deps, run.id, now=deps.clock())
    assert not finish_run(deps, run.id, Ending(Reason.START_TIMEOUT), now=deps.clock(), seen=seen)
    assert now_as(deps, run).status == "running"
