"""Stored bytes as answers."""

from collections.abc import Iterator
from urllib.parse import quote

from fastapi.responses import StreamingResponse

from macropod_server.domain.errors import NotFound
from macropod_server.storage.base import BlobNotFound, Storage

_PIECE = 1024 * 1024


def attachment(storage: Storage, sha256: str, *, file_name: str) -> StreamingResponse:
    try:
        file = storage.open(sha256)
    except BlobNotFound:
        raise NotFound(f"The bytes {sha256} are not in the store any more.") from None

    def pieces() -> Iterator[bytes]:
        with file:
            while piece := file.read(_PIECE):
                yield piece

    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file_name, safe='')}",
        "X-Content-Type-Options": "nosniff",
        "ETag": f'"{sha256}"',
    }
    return StreamingResponse(pieces(), media_type="application/zip", headers=headers)
