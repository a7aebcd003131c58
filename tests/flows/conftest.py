import pytest
from macropod_server.app import close_deps

from tests.builders import make_deps


@pytest.fixture
def deps(tmp_path):
    deps = make_deps(tmp_path)
    yield deps
    close_deps(deps)


@pytest.fixture
def restarted(tmp_path, deps):
    """The same installation opened once more, as by a second process or after a crash of the first."""
    again = make_deps(tmp_path, spawner=deps.spawner, clock=deps.clock)
    yield again
    again.logs.close()
    again.database.close()
