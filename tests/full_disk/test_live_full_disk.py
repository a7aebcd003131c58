"""A whole server whose disk is full: it refuses, goes on answering, and is well again soon after there is space."""

import re
import time
from collections.abc import Iterator

import httpx2
import pytest

from tests.builders import a_zip
from tests.crash.programs import MARKS, Marks, how_it_ended, upload, wait_for
from tests.live_server import LiveServer
from tests.small_disk import SmallDisk

SECONDS_UNTIL_WELL = 10

CHATS_UNTIL_TOLD = """
import os
import time

import macropod

number = 0
while not os.path.exists(macropod.task_args()["file"]):
    for _ in range(50):
        number += 1
        print("line", number, os.urandom(200).hex())
    time.sleep(0.02)
print("lines in all", number)
"""


@pytest.fixture
def server(small_disk: SmallDisk) -> Iterator[LiveServer]:
    """All it has is on the small disk, also what it says of itself."""
    with LiveServer(small_disk.folder) as running:
        yield running


def send(rest: httpx2.Client, content: bytes) -> int:
    return rest.post("/v1/orchestrations", files={"file": ("a.zip", content)}).status_code


def order(rest: httpx2.Client, orchestration_id: str) -> int:
    wish = {"orchestration_id": orchestration_id, "name": "n", "kind": "run_once", "json_args": {"x": "y" * 200_000}}
    return rest.post("/v1/tasks", json=wish).status_code


def test_uploads_and_runs_are_refused_and_it_is_well_again_soon(server, small_disk, tmp_path) -> None:
    marks = Marks(tmp_path)
    orchestration = upload(server.client, MARKS)
    assert how_it_ended(marks.run(orchestration)) == ("success", "completed", 0)
    chatting = upload(server.client, CHATS_UNTIL_TOLD).run_once("chats", json_args={"file": str(tmp_path / "stop")})
    wait_for(lambda: chatting.last_runs()[0].status() == "running")
    small_disk.fill()
    assert {send(server.rest, a_zip(other="x" * 100_000)) for _ in range(5)} <= {507, 503}
    wait_for(lambda: order(server.rest, orchestration.id) in (507, 503))
    assert server.rest.get("/v1/tasks").status_code == 200
    assert server.rest.get("/health/live").status_code == 200
    staging = small_disk.folder / "data" / "blobs" / "staging"
    assert list(staging.iterdir()) == []
    time.sleep(2)
    small_disk.free()
    freed = time.monotonic()
    wait_for(lambda: send(server.rest, a_zip(later="# 1")) == 201)
    assert how_it_ended(marks.run(orchestration)) == ("success", "completed", 0)
    assert time.monotonic() - freed < SECONDS_UNTIL_WELL
    (tmp_path / "stop").touch()
    assert how_it_ended(chatting) == ("success", "completed", 0)
    assert_all_lines_are_accounted_for([line.text for line in chatting.last_runs()[0].follow()])


def assert_all_lines_are_accounted_for(texts: list[str]) -> None:
    """Each line once and in order, or counted in the mark that stands in the place of those that were lost."""
    expected = 1
    for text in texts:
        if found := re.match(r"line (\d+) ", text):
            assert int(found[1]) == expected
            expected += 1
        elif found := re.search(r"(\d[\d,]*) lines? ", text):
            expected += int(found[1].replace(",", ""))
    assert texts[-1] == f"lines in all {expected - 1}"


def test_a_log_that_cannot_be_written_keeps_nothing_from_working(tmp_path) -> None:
    (tmp_path / "server.log").symlink_to("/dev/full")
    marks = Marks(tmp_path)
    with LiveServer(tmp_path) as server:
        assert how_it_ended(marks.run(upload(server.client, MARKS))) == ("success", "completed", 0)
        server.kill_and_restart()
        assert how_it_ended(marks.run(upload(server.client, MARKS))) == ("success", "completed", 0)
