"""What ended runs leave is removed, and one that resists holds up nothing."""

from datetime import timedelta

from macropod_server.db import slots
from macropod_server.db.tables import Slot, Task
from macropod_server.flows.clean_up import clean_up
from macropod_server.flows.stop_run import kill_task, stop_runs
from macropod_server.spawners.base import Gone

from tests.builders import WORKSPACE, all_rows, make_deps, make_task, reread, runs_of
from tests.fakes.spawner import FakeSpawner


class StubbornSpawner(FakeSpawner):
    """Fails to remove one run in a way nobody foresaw."""

    stubborn = ""

    def remove(self, run_id, *, grace):
        if run_id == self.stubborn:
            raise RuntimeError("not this one")
        super().remove(run_id, grace=grace)


def test_a_run_that_cannot_be_removed_is_put_off_and_the_others_are_removed(tmp_path, ended_runs):
    deps = make_deps(tmp_path, spawner=StubbornSpawner())
    first, second = ended_runs(deps, 2)
    deps.spawner.stubborn = first.id
    clean_up(deps)
    assert deps.spawner.inspect(second.id) == Gone()
    assert reread(deps, first).removed_at is None
    deps.spawner.stubborn = ""
    clean_up(deps)
    assert reread(deps, first).removed_at is None
    deps.clock.advance(minutes=1)
    clean_up(deps)
    assert reread(deps, first).removed_at == deps.clock()
    deps.logs.close()
    deps.database.close()


def test_a_task_killed_before_its_run_started_tells_so(deps):
    task = make_task(deps)
    kill_task(deps, task.id, workspace_id=WORKSPACE, now=deps.clock())
    stop_runs(deps)
    assert (reread(deps, task).status, reread(deps, task).last_run_status) == ("killed", "killed")
    assert runs_of(deps, task)[0].removed_at is not None


class WatchfulSpawner(FakeSpawner):
    """Remembers how long each run was given to end."""

    def __init__(self):
        super().__init__()
        self.graces = {}

    def remove(self, run_id, *, grace):
        self.graces[run_id] = grace
        super().remove(run_id, grace=grace)


def test_what_a_run_holds_is_free_once_its_container_is_gone_and_not_before(deps, ended_runs):
    (run,) = ended_runs(deps, 1)
    with deps.database.write() as session:
        slots.free(session, run.id)
        assert slots.take(session, WORKSPACE, "lock:warehouse", run.id, now=deps.clock())
    deps.spawner.stuck.add(run.id)
    clean_up(deps)
    assert [each.run_id for each in all_rows(deps, Slot)] == [run.id]
    deps.spawner.stuck.clear()
    deps.clock.advance(minutes=1)
    clean_up(deps)
    assert (all_rows(deps, Slot), reread(deps, run).removed_at) == ([], deps.clock())


def test_a_run_is_given_the_grace_of_its_task_or_else_of_the_server(tmp_path, ended_runs):
    deps = make_deps(tmp_path, spawner=WatchfulSpawner(), grace_seconds=7)
    own, other = ended_runs(deps, 2)
    with deps.database.write() as session:
        session.get_one(Task, own.task_id).grace_seconds = 90
    clean_up(deps)
    assert deps.spawner.graces == {own.id: timedelta(seconds=90), other.id: timedelta(seconds=7)}
    deps.logs.close()
    deps.database.close()
