"""Databases for every suite that stands on one."""

import os
import signal

import pytest
from macropod_server.app import close_deps

from chaos.object_store import CREDENTIALS, ObjectStore
from tests.builders import make_deps
from tests.postgres import binaries, running_postgres
from tests.running_gate import running_gate


def pytest_configure():
    """Whoever is started in the background is deaf to Ctrl-C, and so would be all that the tests interrupt."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def postgres():
    folder = binaries()
    if folder is None:
        message = "PostgreSQL is not installed; Debian's package `postgresql` has it."
        if os.environ.get("MACROPOD_TEST_REQUIRE_POSTGRES") == "1":
            pytest.fail(message)
        pytest.skip(message)
    with running_postgres(folder) as server:
        yield server


@pytest.fixture(scope="session")
def running_object_store(tmp_path_factory):
    store = ObjectStore(tmp_path_factory.mktemp("object-store") / "buckets")
    store.folder.mkdir()
    store.start()
    yield store
    store.stop()


@pytest.fixture
def object_store(running_object_store, monkeypatch):
    """An S3-compatible store, and its credentials where the library looks for them."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    return running_object_store


@pytest.fixture(scope="session")
def gate():
    """The gate before the engine of this machine, as `DOCKER_HOST`."""
    with running_gate() as host:
        yield host


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request, tmp_path):
    """An empty, migrated database of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'data' / 'macropod.db'}"
    return request.getfixturevalue("postgres").fresh_url()


@pytest.fixture
def deps(tmp_path, database_url):
    """Flows' world: a real database, real files, a fake spawner, a clock that stands still."""
    deps = make_deps(tmp_path, database_url=database_url)
    yield deps
    close_deps(deps)


@pytest.fixture
def restarted(tmp_path, deps):
    """The same installation opened once more, as by a second process or after a crash of the first."""
    again = make_deps(tmp_path, spawner=deps.spawner, clock=deps.clock, database_url=deps.settings.database_url)
    yield again
    again.logs.close()
    again.database.close()
