"""Followers at a server that the lines do not come to: it hears of them over the database."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.crash.programs import upload
from tests.live_server import LiveServer
from tests.postgres import Postgres

LINES = 60
SEEN_SECONDS = 0.4
"""Half of the lines come sooner. A server that looked only by itself, each second, would need over half a second."""

STAMPS = f"""
import time

time.sleep(1)
for _ in range({LINES}):
    print(time.time(), flush=True)
    time.sleep(0.05)
"""


@pytest.fixture
def servers(postgres: Postgres, tmp_path: Path) -> Iterator[tuple[LiveServer, LiveServer]]:
    """The second starts no runs, so no runner calls it."""
    shared: dict[str, Any] = {
        "database_url": postgres.fresh_url(),
        "data_dir": tmp_path / "data",
        "credentials": tmp_path / "credentials.json",
    }
    with LiveServer(tmp_path / "here", **shared) as here, LiveServer(tmp_path / "there", **shared, role="api") as there:
        yield here, there


def test_lines_that_come_to_one_server_are_seen_at_once_by_who_follows_at_another(
    servers: tuple[LiveServer, LiveServer],
) -> None:
    here, there = servers
    task = upload(here.client, STAMPS).run_once("stamps")
    lasted = [time.time() - float(line.text) for line in there.client.get_task_by_id(task.id).follow()]
    assert len(lasted) == LINES
    assert sorted(lasted)[LINES // 2] < SEEN_SECONDS
