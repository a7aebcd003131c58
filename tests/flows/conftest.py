import pytest
from macropod_server.domain.run import Reason
from macropod_server.flows.finish_run import Ending, finish_run
from macropod_server.flows.hand_spec import hand_spec
from macropod_server.flows.start_run import start_runs

from tests.builders import make_task, runs_of


@pytest.fixture
def ended_runs():
    def make(deps, count):
        tasks = [make_task(deps) for _ in range(count)]
        start_runs(deps)
        runs = [runs_of(deps, task)[0] for task in tasks]
        for run in runs:
            hand_spec(deps, run.id, now=deps.clock())
            finish_run(deps, run.id, Ending(Reason.COMPLETED), now=deps.clock())
        return runs

    return make
