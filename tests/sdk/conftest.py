from collections.abc import Iterator
from pathlib import Path

import macropod
import pytest
from macropod.cli import main
from structlog.testing import capture_logs

from tests.sdk_calls import Call
from tests.sdk_server import PlayedServer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PlayedServer]:
    """Its own log is kept apart from what the commands print in the same process."""
    with capture_logs(), PlayedServer(tmp_path / "server") as played:
        yield played


@pytest.fixture
def client(server: PlayedServer) -> macropod.Client:
    return server.connect()


@pytest.fixture
def call(server: PlayedServer, capsys: pytest.CaptureFixture[str]) -> Call:
    """Runs a command on the server of the test."""

    def run(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main([str(each) for each in arguments], connect=server.connect)
        said = capsys.readouterr()
        return int(left.value.code or 0), said.out, said.err

    return run


@pytest.fixture
def hello(tmp_path: Path) -> Path:
    """A folder with a program in it."""
    folder = tmp_path / "hello"
    folder.mkdir()
    (folder / "main.py").write_text("print('hello')\n")
    return folder
