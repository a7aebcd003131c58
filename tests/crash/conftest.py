from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.programs import Marks
from tests.live_server import LiveServer


@pytest.fixture(scope="package")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The only place requirements are found in."""
    return tmp_path_factory.mktemp("wheels")


@pytest.fixture(scope="package")
def living(tmp_path_factory: pytest.TempPathFactory, wheels: Path) -> Iterator[LiveServer]:
    variables = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)}
    with LiveServer(tmp_path_factory.mktemp("crash"), variables=variables, grace_seconds=1, max_runs=8) as running:
        yield running


@pytest.fixture
def server(living: LiveServer) -> LiveServer:
    """Up again, also where the test before failed while it was down."""
    if not living.is_running:
        living.start()
    return living


@pytest.fixture
def marks(tmp_path: Path) -> Marks:
    return Marks(tmp_path)
