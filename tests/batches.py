"""Batches of lines as a runner sends them; valid by default."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from macropod_server.domain.lines import Line, Stream

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LETTERS = {Stream.STDOUT: "o", Stream.STDERR: "e", Stream.SYSTEM: "s"}


def batch(*texts: str, at: datetime = NOON, stream: Stream = Stream.STDOUT) -> bytes:
    """One segment: these lines, read at one moment from one stream."""
    body = "".join(text + "\n" for text in texts).encode()
    microseconds = (at - _EPOCH) // timedelta(microseconds=1)
    return f"{microseconds} {_LETTERS[stream]} {len(texts)} {len(body)}\n".encode() + body


def batch_of(lines: Sequence[Line]) -> bytes:
    """One segment for each line."""
    return b"".join(batch(line.text, at=line.printed_at, stream=line.stream) for line in lines)


def some_lines(count: int, *, first: int = 1) -> list[Line]:
    """Numbered lines, one a second from noon; every third on standard error, every tenth from the system."""
    return [
        Line(number, NOON + timedelta(seconds=number), _stream_of(number), f"line {number}")
        for number in range(first, first + count)
    ]


def _stream_of(number: int) -> Stream:
    if number % 10 == 0:
        return Stream.SYSTEM
    return Stream.STDERR if number % 3 == 0 else Stream.STDOUT
