"""A batch of lines as a row of the log store, and back."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import zstandard

from macropod_server.domain.errors import TooLarge
from macropod_server.domain.lines import Line, Segment, encode_segment, segments
from macropod_server.logstore.base import MAX_BATCH_BYTES

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

Chunk = Any
"""A row with its body, or a `StoredChunk`."""


def pack(run_id: str, first: int, batch: bytes) -> dict[str, Any] | None:
    """The row for a batch, None for an empty one. Raises `Invalid` or `TooLarge`."""
    if len(batch) > MAX_BATCH_BYTES:
        raise TooLarge(f"The batch of lines has {len(batch)} bytes; send at most {MAX_BATCH_BYTES} at once.")
    parts = list(segments(batch))
    if not parts:
        return None
    line_count = sum(part.line_count for part in parts)
    times = {to_microseconds(part.printed_at) for part in parts}
    return {
        "run_id": run_id,
        "first_line": first,
        "line_count": line_count,
        "first_at": min(times),
        "last_at": max(times),
        "streams": ",".join(sorted({part.stream for part in parts})),
        "size_bytes": sum(len(part.body) for part in parts) - line_count,
        "body": zstandard.compress(batch),
    }


def unpack(chunk: Chunk) -> bytes:
    """The batch as it was sent."""
    return zstandard.decompress(chunk.body)


def content_from(chunk: Chunk, line: int) -> bytes:
    """The batch, without the lines before this one."""
    if line <= chunk.first_line:
        return unpack(chunk)
    left = ((max(0, line - number), segment) for number, segment in numbered_segments(chunk))
    return b"".join(
        encode_segment(segment.printed_at, segment.stream, segment.texts()[skipped:])
        for skipped, segment in left
        if skipped < segment.line_count
    )


def numbered_segments(chunk: Chunk) -> Iterator[tuple[int, Segment]]:
    """Each segment of a stored chunk with the number of its first line."""
    number = chunk.first_line
    for segment in segments(unpack(chunk)):
        yield number, segment
        number += segment.line_count


def lines_of(number: int, segment: Segment, *, first: int = 1) -> Iterator[Line]:
    """The lines of a segment that begins with line `number`, from line `first` on."""
    skipped = max(0, first - number)
    if skipped < segment.line_count:
        for each, text in enumerate(segment.texts()[skipped:], number + skipped):
            yield Line(each, segment.printed_at, segment.stream, text)


def lines_backwards(number: int, segment: Segment, *, before: int) -> Iterator[Line]:
    """The lines of a segment that begins with line `number`, from the one before line `before` back."""
    texts = segment.texts()
    for each in range(min(segment.line_count, before - number) - 1, -1, -1):
        yield Line(number + each, segment.printed_at, segment.stream, texts[each])


def to_microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def to_datetime(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)
