"""Server-sent events are read whole, wherever the network cuts them."""

import pytest
from macropod.server_sent import Message, read_messages

STREAM = (
    b': hello\n\nid: 1\nevent: line\ndata: {"text": "caf\xc3\xa9\xe2\x80\xa8"}\n\n'
    b"id: 2\r\nevent: lines\r\ndata: [1,\r\ndata: 2]\r\n\r\ndata:bare\n\nevent: end\ndata: cut off"
)
EVENTS = [
    Message("line", '{"text": "café\u2028"}', "1"),
    Message("lines", "[1,\n2]", "2"),
    Message("message", "bare"),
]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_events_are_the_same_however_the_bytes_are_cut(size: int) -> None:
    chunks = [STREAM[start : start + size] for start in range(0, len(STREAM), size)]
    assert list(read_messages(chunks)) == EVENTS


def test_keep_alives_alone_are_no_events() -> None:
    assert list(read_messages([b": still here\n\n", b": still here\n\n"])) == []
