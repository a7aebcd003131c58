"""What becomes of those who come while a server closes its door. Real sockets, on loopback."""

import socket

import pytest
from macropod_server.domain.errors import Invalid
from macropod_server.listening import let_nobody_in, listen

SOON_SECONDS = 0.2


@pytest.fixture
def listener():
    with listen("127.0.0.1", 0) as made:
        yield made


def connect(listener, seconds=5.0):
    return socket.create_connection(listener.getsockname(), timeout=seconds)


def test_who_came_before_is_let_in_and_heard_and_who_comes_after_is_not(listener):
    with connect(listener) as early:
        early.sendall(b"a question")
        let_nobody_in(listener)
        with pytest.raises(TimeoutError):
            connect(listener, SOON_SECONDS)
        early.sendall(b", and the rest of it")
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.recv(100, socket.MSG_WAITALL | socket.MSG_DONTWAIT) == b"a question, and the rest of it"
            accepted.sendall(b"an answer")
            assert early.recv(100) == b"an answer"


def test_who_waits_at_a_closing_door_meets_the_next_server(listener):
    address = listener.getsockname()
    let_nobody_in(listener)
    with socket.socket() as late:
        late.setblocking(False)
        late.connect_ex(address)
        listener.close()
        with listen(*address) as following:
            late.settimeout(10)
            following.settimeout(10)
            accepted, _ = following.accept()
            with accepted:
                accepted.sendall(b"an answer")
                assert late.recv(100) == b"an answer"


def test_a_port_that_is_taken_is_told_with_the_setting_and_what_to_do(listener):
    host, port = listener.getsockname()
    with pytest.raises(Invalid, match=f"cannot listen on {host}:{port}: Address already in use") as refused:
        listen(host, port)
    assert [problem.where for problem in refused.value.problems] == ["MACROPOD_PORT"]
