"""The zip: it comes with the spec, from the store itself or from the server, and is never another one."""

import base64
import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.runner.runner_process import RunnerProcess
from tests.runner.server_double import ServerDouble, zipped

RIGHT = zipped({"main.py": "print('the right one')"})
WRONG = zipped({"main.py": "print('the wrong one')"})
SHA256 = hashlib.sha256(RIGHT).hexdigest()
NOBODY = "http://127.0.0.1:9/bundle"


class DirectStore:
    """Answers what it is told to, and remembers the headers it was asked with."""

    def __init__(self) -> None:
        self.content, self.status = RIGHT, 200
        self.asked: list[tuple[str, dict[str, str]]] = []
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/bucket/bundle?X-Amz-Signature=secret"

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        store = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                store.asked.append((self.path, dict(self.headers)))
                self.send_response(store.status)
                self.send_header("Content-Length", str(len(store.content)))
                self.end_headers()
                self.wfile.write(store.content)

            def log_message(self, *_: object) -> None: ...

        return Handler


@pytest.fixture
def store() -> Iterator[DirectStore]:
    store = DirectStore()
    yield store
    store.close()


def run(server: ServerDouble, folder: Path) -> str:
    with RunnerProcess(server, folder) as runner:
        assert runner.wait() == 0
        return runner.output.read_text()


def test_the_zip_whose_sha256_the_spec_tells_is_run(tmp_path: Path) -> None:
    with ServerDouble(RIGHT, bundle_sha256=SHA256) as server:
        run(server, tmp_path)
    assert (server.texts, server.calls["bundle"]) == (["the right one"], 1)


def test_a_zip_that_came_damaged_with_the_spec_is_fetched(tmp_path: Path) -> None:
    sent = base64.b64encode(WRONG).decode()
    with ServerDouble(RIGHT, bundle_sha256=SHA256, bundle=sent) as server:
        run(server, tmp_path)
    assert server.texts == ["the right one"]


def test_another_zip_than_the_uploaded_one_is_never_run(tmp_path: Path) -> None:
    with ServerDouble(WRONG, bundle_sha256=SHA256) as server:
        run(server, tmp_path)
    assert (server.texts, server.calls["bundle"]) == ([], 3)
    assert server.end["reason"] == "could_not_start"
    assert server.end["message"] == (
        f"The uploaded zip came damaged 3 times: its sha256 is {hashlib.sha256(WRONG).hexdigest()}, not {SHA256}."
    )


def test_the_zip_is_fetched_from_the_store_itself_without_the_token(tmp_path: Path, store: DirectStore) -> None:
    with ServerDouble(WRONG, bundle_sha256=SHA256, bundle_url=store.url) as server:
        run(server, tmp_path)
    assert (server.texts, server.calls["bundle"]) == (["the right one"], 0)
    ((path, headers),) = store.asked
    assert path == "/bucket/bundle?X-Amz-Signature=secret"
    assert {name.lower() for name in headers} == {"host", "accept-encoding"}


@pytest.mark.parametrize("trouble", ["refused", "wrong bytes", "nobody there", "no URL"])
def test_what_the_store_itself_does_not_give_comes_through_the_server(
    tmp_path: Path, store: DirectStore, trouble: str
) -> None:
    store.status = 403 if trouble == "refused" else 200
    store.content = WRONG if trouble == "wrong bytes" else RIGHT
    url = {"nobody there": NOBODY, "no URL": "http://[nonsense"}.get(trouble, store.url)
    with ServerDouble(RIGHT, bundle_sha256=SHA256, bundle_url=url) as server:
        output = run(server, tmp_path)
    assert (server.texts, server.calls["bundle"]) == (["the right one"], 1)
    assert "secret" not in output
