"""Lines of output and the batch form in which the runner sends them and chunks keep them.

A batch is a row of segments. A segment is a head `<time> <stream> <lines> <bytes>\\n` in ASCII (time in microseconds
since 1970 UTC; stream `o`, `e` or `s`) followed by exactly that many bytes of UTF-8: that many lines, each ended by
`\\n`. Lengths come first, so nothing a program prints can pass for a head.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from macropod_server.domain.errors import Invalid

_ALIKE_LINES = 10
"""So many equal lines in a row are taken for the same place in two texts."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Stream(StrEnum):
    STDOUT = "stdout"
    STDERR = "stderr"
    SYSTEM = "system"


_STREAMS = {b"o": Stream.STDOUT, b"e": Stream.STDERR, b"s": Stream.SYSTEM}
LETTERS = {stream: letter.decode() for letter, stream in _STREAMS.items()}


@dataclass(frozen=True)
class Line:
    """One line: its number in the run from 1, when it was printed (UTC), where, and its text without the newline."""

    number: int
    printed_at: datetime
    stream: Stream
    text: str


@dataclass(frozen=True)
class Segment:
    """Lines that were read at one moment from one stream."""

    printed_at: datetime
    stream: Stream
    line_count: int
    body: bytes

    def texts(self) -> list[str]:
        return self.body.decode().split("\n")[:-1]


def segments(batch: bytes) -> Iterator[Segment]:
    """Read a batch. Raises `Invalid` at the first segment that is not well formed."""
    position = 0
    while position < len(batch):
        segment, position = _segment_at(batch, position)
        yield segment


def lines_of_batch(batch: bytes, *, first: int) -> Iterator[Line]:
    """Every line of a batch that begins with line `first`."""
    for segment in segments(batch):
        for number, text in enumerate(segment.texts(), first):
            yield Line(number, segment.printed_at, segment.stream, text)
        first += segment.line_count


def _segment_at(batch: bytes, position: int) -> tuple[Segment, int]:
    head_end = batch.find(b"\n", position, position + 64)
    fields = batch[position:head_end].split(b" ") if head_end >= 0 else []
    if len(fields) != 4 or fields[1] not in _STREAMS or not all(fields[i].isdigit() for i in (0, 2, 3)):
        raise Invalid(f"The batch of lines has no segment head at byte {position}.")
    line_count, size = int(fields[2]), int(fields[3])
    body = batch[head_end + 1 : head_end + 1 + size]
    if len(body) != size or not body.endswith(b"\n") or body.count(b"\n") != line_count:
        raise Invalid(f"The segment at byte {position} does not hold the {line_count} lines its head announces.")
    if not _is_utf8(body):
        raise Invalid(f"The segment at byte {position} is not UTF-8.")
    segment = Segment(_printed_at(fields[0], position), _STREAMS[fields[1]], line_count, body)
    return segment, head_end + 1 + size


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _printed_at(microseconds: bytes, position: int) -> datetime:
    try:
        return _EPOCH + timedelta(microseconds=int(microseconds))
    except OverflowError:
        raise Invalid(f"The segment at byte {position} has a time that no calendar holds.") from None


def encode_segment(printed_at: datetime, stream: Stream, texts: Sequence[str]) -> bytes:
    """Lines as one segment of a batch."""
    body = "".join(f"{text}\n" for text in texts).encode()
    micros = (printed_at - _EPOCH) // timedelta(microseconds=1)
    return f"{micros} {LETTERS[stream]} {len(texts)} {len(body)}\n".encode() + body


def unsent(output: Sequence[str], stored: Sequence[str], *, are_whole: bool) -> list[str]:
    """The lines of a container's own last output that come after the last lines stored.

    `are_whole` says that both begin with the first line of the run. Otherwise the latest place where both agree is
    taken, so that a line is rather lost than stored twice.
    """
    if are_whole and list(output[: len(stored)]) == list(stored):
        return list(output[len(stored) :])
    for end in range(len(output), 0, -1):
        overlap = min(end, len(stored), _ALIKE_LINES)
        if overlap and list(output[end - overlap : end]) == list(stored[len(stored) - overlap :]):
            return list(output[end:])
    # A runner may have sent what it had not copied yet.
    last = list(output[-_ALIKE_LINES:])
    has_all = any(list(stored[end - len(last) : end]) == last for end in range(len(stored), len(last) - 1, -1))
    return [] if has_all else list(output)
