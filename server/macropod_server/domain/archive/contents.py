"""The contents: every entry unpacked piece by piece, measured and compared with what it declared."""

import zlib
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from macropod_server.domain.archive.compression import unpacked_pieces
from macropod_server.domain.archive.entry import Entry
from macropod_server.domain.archive.flags import may_be_unpacked
from macropod_server.domain.archive.layout import Content
from macropod_server.domain.archive.problems import Problems, Unreadable

_PIECE_BYTES = 64 * 1024


def check_contents(file: BinaryIO, contents: Sequence[Content], *, kept: Entry | None, problems: Problems) -> bytes:
    """Reads everything; answers with the content of the entry to be kept."""
    content_kept = b""
    for content in contents:
        if not may_be_unpacked(content.entry.flags, content.entry.method):
            continue
        pieces = _checked_pieces(file, content)
        try:
            if content.entry is kept:
                content_kept = b"".join(pieces)
            else:
                for _ in pieces:
                    pass
        except Unreadable as unreadable:
            problems.add(unreadable.fault, where=content.entry.shown_name)
    return content_kept


def _checked_pieces(file: BinaryIO, content: Content) -> Iterator[bytes]:
    entry = content.entry
    measured, checksum = 0, 0
    for piece in unpacked_pieces(_compressed_pieces(file, content), entry):
        measured += len(piece)
        if measured > entry.unpacked_bytes:
            raise Unreadable("size_wrong", f"It unpacks to more than the {entry.unpacked_bytes} bytes it declares.")
        checksum = zlib.crc32(piece, checksum)
        yield piece
    if measured < entry.unpacked_bytes:
        message = f"It unpacks to {measured} bytes and declares {entry.unpacked_bytes}."
        raise Unreadable("size_wrong", message)
    if checksum != entry.crc32:
        message = f"Its checksum is {checksum:08x} and should be {entry.crc32:08x}: it was damaged; zip it anew."
        raise Unreadable("bad_crc", message)


def _compressed_pieces(file: BinaryIO, content: Content) -> Iterator[bytes]:
    file.seek(content.offset)
    left = content.entry.compressed_bytes
    while left:
        piece = file.read(min(left, _PIECE_BYTES))
        if not piece:
            raise Unreadable("truncated", "The archive ends before its data does.")
        left -= len(piece)
        yield piece
