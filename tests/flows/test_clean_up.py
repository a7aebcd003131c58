"""What ended runs leave is removed, and one that resists holds up nothing."""

from macropod_server.flows.clean_up import clean_up
from macropod_server.flows.stop_run import kill_task, stop_runs
from macropod_server.spawners.base import Gone

from tests.builders import WORKSPACE, make_deps, make_task, reread, runs_of
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
