"""Stored bytes as answers."""

import re
from collections.abc import Iterator
from urllib.parse import quote

from fastapi.responses import StreamingResponse

from macropod_server.domain.errors import NotFound
from macropod_server.storage.base import BlobNotFound, Storage

_PIECE = 1024 * 1024
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9._-]")


def attachment(storage: Storage, sha256: str, *, file_name: str) -> StreamingResponse:
    try:
        file = storage.open(sha256)
    except BlobNotFound:
        raise NotFound(f"The bytes {sha256} are not in the store any more.") from None

    def pieces() -> Iterator[bytes]:
        with file:
            while piece := file.read(_PIECE):
                yield piece

    encoded = quote(file_name, safe="")
    headers = {
        "Content-Disposition": f"attachment; filename=\"{_plain(file_name)}\"; filename*=UTF-8''{encoded}",
        "X-Content-Type-Options": "nosniff",
        "ETag": f'"{sha256}"',
    }
    return StreamingResponse(pieces(), media_type="application/zip", headers=headers)


def _plain(file_name: str) -> str:
    """For programs that do not read the encoded name (RFC 6266)."""
    return _NOT_PLAIN.sub("_", file_name)
