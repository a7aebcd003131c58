"""`kill -9` of the server in the middle of an upload: nothing of it is left, and the next try works."""

from collections.abc import Iterator
from threading import Event, Thread

import httpx2
import pytest

from tests.builders import a_zip
from tests.crash.programs import MARKS, Marks, how_it_ended, upload, wait_for
from tests.live_server import LiveServer

BOUNDARY = "half-an-upload"
HEAD = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.zip"\r\n\r\n'.encode()


def test_a_server_killed_in_the_middle_of_an_upload_keeps_nothing_of_it(server: LiveServer, marks: Marks) -> None:
    staging = server.data_dir / "blobs" / "staging"
    before = [each.id for each in server.client.list_orchestrations()]
    server_is_gone = Event()
    sender = Thread(target=send_half, args=(server.rest, server_is_gone), daemon=True)
    sender.start()
    wait_for(lambda: [each for each in staging.iterdir() if each.stat().st_size])
    server.kill()
    server_is_gone.set()
    sender.join()
    server.start()
    assert list(staging.iterdir()) == []
    assert [each.id for each in server.client.list_orchestrations()] == before
    assert how_it_ended(marks.run(upload(server.client, MARKS))) == ("success", "completed", 0)


def send_half(rest: httpx2.Client, server_is_gone: Event) -> None:
    def half() -> Iterator[bytes]:
        yield HEAD + a_zip({"main.py": "#" * 1_000_000})[:500]
        server_is_gone.wait()
        yield b"and so on"

    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    with pytest.raises(httpx2.TransportError):
        rest.post("/v1/orchestrations", content=half(), headers=headers)
