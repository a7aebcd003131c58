"""Servers replaced one after the other behind one address, while runs go on and people call."""

import threading
from collections.abc import Iterator
from pathlib import Path

import httpx2
import psutil
import pytest

from tests.crash.fleet import Fleet, a_fleet
from tests.crash.programs import WAITS_FOR_A_FILE, how_it_ended, upload, wait_for

DRAIN_SECONDS = 2
"""The balancer looks at readiness every 0.2 s."""


@pytest.fixture
def fleet(tmp_path: Path, postgres) -> Iterator[Fleet]:
    with a_fleet(tmp_path, postgres.fresh_url()) as fleet:
        yield fleet


class Caller(threading.Thread):
    """Asks without a pause and never twice: whatever fails is kept."""

    def __init__(self, client: httpx2.Client) -> None:
        super().__init__(daemon=True)
        self._client, self._is_over = client, threading.Event()
        self.answers: list[int | str] = []

    def run(self) -> None:
        while not self._is_over.wait(0.02):
            try:
                self.answers.append(self._client.get("/v1/tasks").status_code)
            except httpx2.TransportError as error:
                self.answers.append(repr(error))

    def stop(self) -> set[int | str]:
        self._is_over.set()
        self.join()
        return set(self.answers)


def test_nobody_is_turned_away_and_no_run_is_cut_short_while_servers_are_replaced(fleet: Fleet, tmp_path: Path) -> None:
    go, old = tmp_path / "go", [fleet.start(drain_seconds=DRAIN_SECONDS) for _ in range(2)]
    task = upload(fleet.client, WAITS_FOR_A_FILE).run_once("waits", json_args={"file": str(go)})
    process = psutil.Process(int(next(task.follow()).text.removeprefix("process ")))
    caller = Caller(fleet.rest)
    caller.start()
    for server in old:
        fleet.start(drain_seconds=DRAIN_SECONDS)
        server.terminate(seconds=DRAIN_SECONDS + 10)
    wait_for(lambda: len(caller.answers) > 100)
    assert caller.stop() == {200}
    assert process.is_running()
    go.touch()
    assert how_it_ended(task) == ("failure", "exit_code", 7)
    assert len(task.last_runs()) == 1
