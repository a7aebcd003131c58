"""Keeps the log of one run in bounds: the head and the tail stay, and a line says what is missing between them.

Numbers stay as they were sent, so what a runner is to send next is told as before. The line has the last number that
was left out: whoever reads on from before it or from within the gap comes by it.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, insert

from macropod_server.domain.lines import Stream, encode_segment
from macropod_server.logstore.packing import pack
from macropod_server.logstore.places import Unknown, first_chunk, newest_chunk
from macropod_server.logstore.table import chunks

_LARGEST_STEP = 16 * 1024**2
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def leave_out_the_middle(connection: Connection, chunk: dict[str, Any], *, most_bytes: int) -> None:
    """Call with the chunk just stored, in the same transaction. Mostly there is nothing to do: it is done in steps."""
    before = chunk["text_before"]
    if before is None:
        return
    size, step = before + chunk["size_bytes"], max(1, min(most_bytes // 32, _LARGEST_STEP))
    if size <= most_bytes or (before > most_bytes and before // step == size // step):
        return
    newest = newest_chunk(connection, chunk["run_id"])
    assert newest is not None
    try:
        _cut(connection, chunk["run_id"], newest, head_bytes=most_bytes // 2, tail_from=size - (most_bytes // 2 - step))
    except Unknown:
        return


def _cut(connection: Connection, run_id: str, newest: Row[Any], *, head_bytes: int, tail_from: int) -> None:
    """The first chunk to go may be the line that an earlier cut left."""
    kept = first_chunk(connection, run_id, newest, "text_before", tail_from) or newest
    gone = first_chunk(connection, run_id, newest, "text_before", head_bytes) or newest
    if gone.first_line >= kept.first_line:
        return
    head = newest_chunk(connection, run_id, at_most=gone.first_line - 1)
    last_gone = newest_chunk(connection, run_id, at_most=kept.first_line - 1)
    assert last_gone is not None
    missing_lines = kept.first_line - (head.first_line + head.line_count if head else 1)
    places = {"latest_at": last_gone.latest_at, "set_back": last_gone.set_back, "text_before": gone.text_before}
    said = _gap(missing_lines, kept.text_before - gone.text_before, at=last_gone.latest_at)
    is_gone = (chunks.c.first_line >= gone.first_line) & (chunks.c.first_line < kept.first_line)
    connection.execute(delete(chunks).where(chunks.c.run_id == run_id, is_gone))
    connection.execute(insert(chunks), (pack(run_id, kept.first_line - 1, said) or {}) | places)


def _gap(lines: int, size: int, *, at: int) -> bytes:
    text = (
        f"{lines:,} lines ({size:,} bytes) are missing here: the run printed more than is kept of one, "
        "which is the beginning and the end (MACROPOD_RUN_LOG_MAX_BYTES)."
    )
    return encode_segment(_EPOCH + timedelta(microseconds=at), Stream.SYSTEM, [text])
