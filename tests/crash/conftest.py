from collections.abc import Iterator

import pytest

from tests.crash.programs import Marks
from tests.live_server import LiveServer
from tests.runner.wheels import make_wheel


@pytest.fixture(scope="package")
def living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    folder = tmp_path_factory.mktemp("crash")
    wheels = folder / "wheels"
    for version in ("1", "2", "3"):
        make_wheel(wheels, "tiny_greeting", version=version)
    variables = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)}
    with LiveServer(folder, variables=variables, grace_seconds=1, max_runs=8) as running:
        yield running


@pytest.fixture
def server(living: LiveServer) -> LiveServer:
    """Up again, also where the test before failed while it was down."""
    if not living.is_running:
        living.start()
    return living


@pytest.fixture
def marks(tmp_path) -> Marks:
    return Marks(tmp_path)
