"""Stored bytes as answers."""

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import chain
from typing import BinaryIO
from urllib.parse import quote

from fastapi.responses import StreamingResponse

from macropod_server.domain.errors import Conflict, NotFound
from macropod_server.storage.base import BlobDamaged, BlobNotFound, Storage

_PIECE = 1024 * 1024
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9._-]")


def stored_attachment(storage: Storage, sha256: str, *, file_name: str) -> StreamingResponse:
    """Raises `NotFound`; `Conflict` for bytes that prove damaged before the first of them is sent."""
    try:
        file = storage.open(sha256)
    except BlobNotFound:
        raise NotFound(f"The bytes {sha256} are not in the store any more.") from None
    return attachment(file, sha256, file_name=file_name, reading=_saying_what_is_damaged())


def attachment(
    file: BinaryIO, sha256: str, *, file_name: str, reading: AbstractContextManager[None]
) -> StreamingResponse:
    """Damaged bytes never come to their end. `reading` is told of them: what it raises is the answer while nothing was
    sent yet."""
    pieces = _pieces(file, reading)
    first = next(pieces, b"")
    encoded = quote(file_name, safe="")
    headers = {
        "Content-Disposition": f"attachment; filename=\"{_plain(file_name)}\"; filename*=UTF-8''{encoded}",
        "X-Content-Type-Options": "nosniff",
        "ETag": f'"{sha256}"',
    }
    return StreamingResponse(chain([first], pieces), media_type="application/zip", headers=headers)


def _pieces(file: BinaryIO, reading: AbstractContextManager[None]) -> Iterator[bytes]:
    with file, reading:
        while piece := file.read(_PIECE):
            yield piece


@contextmanager
def _saying_what_is_damaged() -> Iterator[None]:
    try:
        yield
    except BlobDamaged as error:
        raise Conflict(f"{error} Upload the same zip again; that mends it.") from error


def _plain(file_name: str) -> str:
    """For programs that do not read the encoded name (RFC 6266)."""
    return _NOT_PLAIN.sub("_", file_name)
