"""Unpacking of one stream of bytes in bounded memory, by each method that is accepted."""

import bz2
import lzma
import zlib
from collections.abc import Iterator
from struct import Struct
from typing import Protocol

from macropod_server.domain.archive.entry import BZIP2, DEFLATED, STORED, Entry
from macropod_server.domain.archive.flags import LZMA_END_MARKED
from macropod_server.domain.archive.problems import Unreadable

_PIECE_BYTES = 256 * 1024
_LZMA_HEAD = Struct("<2xHBL")
_LZMA_PROPERTIES_BYTES = 5
_SMALLEST_DICTIONARY = 4096
_LARGEST_DICTIONARY = 64 * 1024**2

Pieces = Iterator[bytes]


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


def unpacked_pieces(compressed: Pieces, entry: Entry) -> Pieces:
    """Raises `Unreadable` unless the bytes are one whole stream and nothing else."""
    if entry.method == STORED:
        return compressed
    if entry.method == DEFLATED:
        return _unpacked(compressed, _Inflater(), must_end=True)
    if entry.method == BZIP2:
        return _unpacked(compressed, bz2.BZ2Decompressor(), must_end=True)
    return _unlzma(compressed, entry)


class _Inflater:
    """zlib's decompressor in the shape of the other two."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        self._has_more = False

    @property
    def eof(self) -> bool:
        return self._inflate.eof

    @property
    def needs_input(self) -> bool:
        return not self._has_more

    @property
    def unused_data(self) -> bytes:
        return self._inflate.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        piece = self._inflate.decompress(self._inflate.unconsumed_tail + data, max_length)
        self._has_more = bool(self._inflate.unconsumed_tail) or len(piece) == max_length
        return piece


def _unlzma(compressed: Pieces, entry: Entry) -> Pieces:
    first = next(compressed, b"")
    if len(first) < _LZMA_HEAD.size:
        raise Unreadable("data_broken", "Its LZMA data is shorter than the head it begins with.")
    properties_size, packed, dictionary = _LZMA_HEAD.unpack_from(first)
    if properties_size != _LZMA_PROPERTIES_BYTES or packed >= 9 * 5 * 5:
        raise Unreadable("data_broken", "Its LZMA data begins with properties that are not understood.")
    if dictionary > _LARGEST_DICTIONARY:
        message = f"Its LZMA dictionary has {dictionary} bytes; {_LARGEST_DICTIONARY} are allowed."
        raise Unreadable("dictionary_too_large", message)
    # A dictionary never reaches back further than the file is long, so no more than that is set aside for it.
    needed = max(_SMALLEST_DICTIONARY, min(dictionary, entry.unpacked_bytes))
    literal, position = packed % 9, packed // 9
    options = {
        "id": lzma.FILTER_LZMA1,
        "dict_size": needed,
        "lc": literal,
        "lp": position % 5,
        "pb": position // 5,
    }
    try:
        decompressor = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[options])
    except lzma.LZMAError:
        raise Unreadable("data_broken", "Its LZMA data begins with properties that are not understood.") from None
    must_end = bool(entry.flags & LZMA_END_MARKED)
    yield from _unpacked(_with_first(first[_LZMA_HEAD.size :], compressed), decompressor, must_end=must_end)


def _with_first(first: bytes, others: Pieces) -> Pieces:
    yield first
    yield from others


def _unpacked(compressed: Pieces, decompressor: _Decompressor, *, must_end: bool) -> Pieces:
    for data in compressed:
        if decompressor.eof:
            raise _surplus()
        yield _decompressed(decompressor, data)
        while not decompressor.eof and not decompressor.needs_input:
            yield _decompressed(decompressor, b"")
    if decompressor.unused_data:
        raise _surplus()
    if must_end and not decompressor.eof:
        raise Unreadable("data_broken", "Its compressed data ends too early; zip it anew.")


def _decompressed(decompressor: _Decompressor, data: bytes) -> bytes:
    try:
        return decompressor.decompress(data, _PIECE_BYTES)
    except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError):
        raise Unreadable("data_broken", "Its compressed data cannot be unpacked; zip it anew.") from None


def _surplus() -> Unreadable:
    return Unreadable("data_broken", "Its compressed data goes on after its end; zip it anew.")
