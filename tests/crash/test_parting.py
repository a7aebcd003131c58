"""A server that is told to stop while it is in use: who is sent elsewhere when, and what goes on."""

import threading
import time
from pathlib import Path

import httpx2
import psutil
import pytest

from tests.crash.programs import WAITS_FOR_A_FILE, how_it_ended, upload, wait_for
from tests.live_server import LiveServer

DRAIN_SECONDS = 3


@pytest.fixture
def server(tmp_path: Path):
    with LiveServer(tmp_path, drain_seconds=DRAIN_SECONDS) as server:
        yield server


class Reader(threading.Thread):
    """Reads a stream to its end in a thread of its own."""

    def __init__(self, server: LiveServer, path: str) -> None:
        super().__init__(daemon=True)
        self._url, self._token, self._path = server.url, server.token, path
        self.text = ""
        self.ended_at = 0.0
        self.start()

    def run(self) -> None:
        headers = {"Authorization": f"Bearer {self._token}"}
        with httpx2.stream("GET", self._url + self._path, headers=headers, timeout=60) as answer:
            for text in answer.iter_text():
                self.text += text
        self.ended_at = time.monotonic()


def is_ready(server: LiveServer) -> bool:
    return httpx2.get(f"{server.url}/health/ready").is_success


def test_readiness_goes_first_then_streams_are_told_where_to_go_on_and_runs_are_not_touched(server, tmp_path):
    go = tmp_path / "go"
    task = upload(server.client, WAITS_FOR_A_FILE).run_once("waits", json_args={"file": str(go)})
    process = psutil.Process(int(next(task.follow()).text.removeprefix("process ")))
    run = task.last_runs()[0]
    logs, events = Reader(server, f"/v1/runs/{run.id}/logs/follow"), Reader(server, "/v1/events/stream")
    wait_for(lambda: "event: lines" in logs.text and ": here" in events.text)

    asked_at = time.monotonic()
    server.ask_to_end()
    wait_for(lambda: not is_ready(server))
    answer = server.rest.get("/v1/info")
    assert (answer.status_code, answer.headers["connection"]) == (200, "close")
    assert logs.is_alive()
    assert events.is_alive()

    server.await_end(seconds=DRAIN_SECONDS + 10)
    for reader, last in ((logs, 1), (events, 0)):
        reader.join(10)
        assert reader.text.endswith(f"event: pause\nid: {last}\ndata: {{}}\n\n")
        assert reader.ended_at - asked_at >= DRAIN_SECONDS
    assert process.is_running()
    server.start()
    go.touch()
    wait_for(lambda: task.last_runs()[0].status() == "failure")
    assert how_it_ended(task) == ("failure", "exit_code", 7)
    assert len(task.last_runs()) == 1


def test_a_second_signal_closes_the_door_at_once(tmp_path):
    with LiveServer(tmp_path, drain_seconds=600) as server:
        server.ask_to_end()
        wait_for(lambda: not is_ready(server))
        server.terminate(seconds=10)
