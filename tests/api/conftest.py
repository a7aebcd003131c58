import pytest
from macropod_server.app import close_deps, create_app
from macropod_server.flows.issue_token import issue_token
from macropod_server.flows.start_run import start_runs
from starlette.testclient import TestClient

from tests.builders import make_deps, make_task, runs_of


@pytest.fixture
def deps(tmp_path):
    """On SQLite alone: what differs between databases is tested below the API."""
    deps = make_deps(tmp_path)
    yield deps
    close_deps(deps)


@pytest.fixture
def app(deps):
    return create_app(deps, with_engine=False)


@pytest.fixture
def token(deps):
    return issue_token(deps.database, name="test", now=deps.clock())


@pytest.fixture
def stranger(app):
    """A client without a token."""
    with TestClient(app) as client:
        yield client


@pytest.fixture
def client(stranger, token):
    stranger.headers["Authorization"] = f"Bearer {token}"
    return stranger


@pytest.fixture
def run(deps):
    """One that was just started."""
    task = make_task(deps)
    start_runs(deps)
    return runs_of(deps, task)[0]
