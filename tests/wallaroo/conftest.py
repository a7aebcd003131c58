from collections.abc import Iterator
from pathlib import Path

import macropod
import pytest

from tests.sdk_server import PlayedServer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PlayedServer]:
    with PlayedServer(tmp_path) as played:
        yield played


@pytest.fixture
def client(server: PlayedServer) -> macropod.Client:
    return server.connect()
