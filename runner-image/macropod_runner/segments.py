"""The form in which lines are sent: `<microseconds> <stream> <lines> <bytes>\\n`, then those whole lines."""

from collections.abc import Iterator
from typing import NamedTuple

STDOUT, STDERR, SYSTEM = b"o", b"e", b"s"


class Segment(NamedTuple):
    """Lines of one stream that were read at one moment, in microseconds since 1970."""

    time: int
    stream: bytes
    line_count: int
    body: bytes

    def encoded(self) -> bytes:
        return b"%d %s %d %d\n%s" % (self.time, self.stream, self.line_count, len(self.body), self.body)

    def without_first(self, count: int) -> "Segment":
        rest = self.body.split(b"\n", count)[count]
        return Segment(self.time, self.stream, self.line_count - count, rest)


def decoded(data: bytes) -> Iterator[Segment]:
    position = 0
    while position < len(data):
        head_end = data.index(b"\n", position)
        time, stream, line_count, size = data[position:head_end].split(b" ")
        position = head_end + 1 + int(size)
        yield Segment(int(time), stream, int(line_count), data[head_end + 1 : position])
