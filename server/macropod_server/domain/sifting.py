"""Looks through a batch for lines that match, from its last line back, and takes apart only where something may be."""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from macropod_server.domain.lines import LETTERS, Line, Stream
from macropod_server.domain.search import Match, Pattern, Query

_PIECE_BYTES = 64 * 1024
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STREAMS = {letter.encode(): stream for stream, letter in LETTERS.items()}


@dataclass(frozen=True)
class Sifted:
    """The stretches of a batch that may hold a match, the last first. Nothing is known of what is before `reached`."""

    content: bytes
    promising: list[tuple[int, int]]
    reached: int


def sift(content: bytes, pattern: Pattern, is_over: Callable[[], bool]) -> Sifted:
    """Look at the bytes alone, as far as there is time but at a piece at least: what is rare costs next to nothing."""
    promising, reached = list[tuple[int, int]](), len(content)
    for start, end in _pieces(content):
        if pattern.first(content, start, end) is not None:
            promising.append((start, end))
        reached = start
        if is_over():
            break
    return Sifted(content, promising, reached)


def _pieces(content: bytes) -> Iterator[tuple[int, int]]:
    """Whole lines, about so many bytes of them."""
    end = len(content)
    while end > 0:
        start = content.rfind(b"\n", 0, max(0, end - _PIECE_BYTES)) + 1
        yield start, end
        end = start


class Places:
    """Which line stands where in a batch that was stored, and so is well formed."""

    def __init__(self, content: bytes, *, first: int) -> None:
        self._content = content
        self._segments = list(_segments(content, first))
        self._starts = [each.start for each in self._segments]
        self._last = (0, 0)

    def segment_of(self, offset: int) -> "_Place | None":
        """The segment whose text is there; None in a head."""
        found = bisect_right(self._starts, offset) - 1
        if found < 0 or offset >= self._segments[found].end:
            return None
        return self._segments[found]

    def number_from(self, offset: int) -> int:
        """The number of the first line that begins there or after."""
        segment = self.segment_of(offset)
        if segment is not None:
            return self.number_at(segment, offset)
        following = bisect_right(self._starts, offset)
        return self._segments[following].number

    def number_at(self, segment: "_Place", offset: int) -> int:
        """Counted on from the place that was asked for last, where that lies before: thousands of lines may match."""
        place, number = self._last if segment.start <= self._last[0] <= offset else (segment.start, segment.number)
        self._last = (offset, number + self._content.count(b"\n", place, offset))
        return self._last[1]


@dataclass(frozen=True)
class _Place:
    start: int
    end: int
    number: int
    microseconds: int
    stream: Stream

    @property
    def printed_at(self) -> datetime:
        return _EPOCH + timedelta(microseconds=self.microseconds)


def _segments(content: bytes, number: int) -> Iterator[_Place]:
    position = 0
    while position < len(content):
        start = content.index(b"\n", position) + 1
        microseconds, letter, line_count, size = content[position : start - 1].split(b" ")
        position = start + int(size)
        yield _Place(start, position, number, int(microseconds), _STREAMS[letter])
        number += int(line_count)


def matches(content: bytes, places: Places, start: int, end: int, query: Query) -> list[Match]:
    """The lines of this stretch that are wanted, the last first."""
    found = list[Match]()
    while start < end and (at := query.pattern.first(content, start, end)) is not None and at < end:
        line_start, line_end = content.rfind(b"\n", 0, at) + 1, content.index(b"\n", at)
        segment = places.segment_of(line_start)
        if segment is not None and query.admits(segment.printed_at, segment.stream):
            text = content[line_start:line_end]
            spans = query.pattern.spans(text)
            if spans is not None:
                number = places.number_at(segment, line_start)
                line = Line(number, segment.printed_at, segment.stream, text.decode())
                if match := query.matched(line, spans):
                    found.append(match)
        start = line_end + 1
    return found[::-1]
