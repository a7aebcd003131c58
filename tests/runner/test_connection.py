"""The HTTP client of the runner, against bytes as servers and proxies send them."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from macropod_runner.connection import Connection, Unreachable


class Listener:
    """Answers each request on each connection with the next of `answers`; "" hangs up."""

    def __init__(self, *answers: str) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self._answers = list(answers)
        self._socket = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}/prefix"

    def close(self) -> None:
        self._socket.close()

    def _serve(self) -> None:
        while self._answers:
            line, _ = self._socket.accept()
            self.connections += 1
            with closing(line):
                while self._answers:
                    self.requests.append(line.recv(65536))
                    answer = self._answers.pop(0)
                    line.sendall(answer.encode())
                    if not answer or "Connection: close" in answer or answer.endswith("until the end"):
                        break


Listening = Callable[..., Listener]
Connecting = Callable[[Listener], Connection]


@pytest.fixture
def listening() -> Iterator[Listening]:
    opened: list[Listener] = []

    def listen(*answers: str) -> Listener:
        opened.append(Listener(*answers))
        return opened[-1]

    yield listen
    for listener in opened:
        listener.close()


@pytest.fixture
def connect() -> Iterator[Connecting]:
    opened: list[Connection] = []

    def connect(listener: Listener) -> Connection:
        opened.append(Connection(listener.url, "token"))
        return opened[-1]

    yield connect
    for connection in opened:
        connection.close()


def ask(connection: Connection, body: bytes = b"") -> tuple[int, bytes]:
    response = connection.request("POST", "/path", body=body, content_type="text/plain", timeout=5)
    return response.status, b"".join(response.blocks)


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, b"hello"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", 200, b""),
        ("HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        ("HTTP/1.1 503 Away\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno", 503, b"no"),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, b"ok"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n", 200, b"hello"),
        ("HTTP/1.0 200 OK\r\n\r\nuntil the end", 200, b"until the end"),
    ],
)
def test_answers_of_every_shape_are_read(
    listening: Listening, connect: Connecting, answer: str, status: int, body: bytes
) -> None:
    assert ask(connect(listening(answer))) == (status, body)


def test_a_request_carries_prefix_token_and_length(listening: Listening, connect: Connecting) -> None:
    listener = listening("HTTP/1.1 204 OK\r\n\r\n")
    ask(connect(listener), b"body")
    head, _, body = listener.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /prefix/path HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"\r\nAuthorization: Bearer token\r\n" in head
    assert b"\r\nContent-Length: 4" in head
    assert body == b"body"


def test_one_connection_serves_many_requests(listening: Listening, connect: Connecting) -> None:
    listener = listening(*["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"] * 3)
    connection = connect(listener)
    assert [ask(connection)[1] for _ in range(3)] == [b"ok"] * 3
    assert listener.connections == 1


def test_a_connection_the_server_closed_is_opened_again(listening: Listening, connect: Connecting) -> None:
    closed = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
    listener = listening(closed, closed)
    connection = connect(listener)
    assert [ask(connection)[1] for _ in range(2)] == [b"ok"] * 2
    assert listener.connections == 2


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "HTTP/1.1 200 OK\r\nContent-Length: 50\r\nConnection: close\r\n\r\nhello",
        "SSH-2.0-OpenSSH\r\nConnection: close\r\n",
        "HTTP/1.1 OK\r\nConnection: close\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: many\r\nConnection: close\r\n\r\n",
    ],
)
def test_what_is_no_whole_answer_is_unreachable(listening: Listening, connect: Connecting, answer: str) -> None:
    with pytest.raises(Unreachable):
        ask(connect(listening(answer)))


def test_a_port_nobody_listens_on_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with pytest.raises(Unreachable):
        ask(Connection(url, "token"))


def test_hanging_up_ends_a_request_that_waits() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        connection = Connection(f"http://127.0.0.1:{silent.getsockname()[1]}", "token")
        threading.Timer(0.1, connection.hang_up).start()
        with pytest.raises(Unreachable):
            ask(connection)
