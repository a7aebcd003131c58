"""A whole log as a file: streamed piece by piece, however long it is."""

import json
import zlib
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from itertools import chain
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from macropod_server.api.access import DepsDep, MayRead
from macropod_server.db import runs
from macropod_server.domain.lines import Segment, Stream

router = APIRouter(prefix="/v1/runs/{run_id}/logs", tags=["logs"])

_PIECE_BYTES = 256 * 1024
_GZIP_LEVEL = 3
_GZIP_WINDOW = 31
"""Asks zlib for the form of gzip."""


class Format(StrEnum):
    TEXT = "text"
    JSONL = "jsonl"


_MEDIA_TYPES = {Format.TEXT: "text/plain; charset=utf-8", Format.JSONL: "application/jsonl"}
_SUFFIXES = {Format.TEXT: "log", Format.JSONL: "jsonl"}


@router.get("/download", response_class=StreamingResponse)
def download(
    run_id: str,
    deps: DepsDep,
    caller: MayRead,
    stream: Stream | None = None,
    format: Annotated[Format, Query(description="texts alone, or a JSON object a line")] = Format.TEXT,  # noqa: A002
    gzip: Annotated[bool, Query(description="as a file of gzip")] = False,
) -> StreamingResponse:
    """Every line stored by now. An answer that is cut off has no end, so half a log is not taken for a whole one."""
    with deps.database.read() as session:
        run = runs.get(session, run_id, workspace_id=caller.workspace_id)
    found = deps.logs.segments(run.id, until=deps.logs.expected(run.id))
    encode = _WAYS[format]
    encoded = (encode(number, segment) for number, segment in found if stream in (None, segment.stream))
    pieces = _gathered(encoded)
    answer = _compressed(pieces) if gzip else pieces
    # A store that is away is an answer of its own while nothing was sent yet.
    first = next(answer, b"")
    name = f"run-{run.id}.{_SUFFIXES[format]}{'.gz' if gzip else ''}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    media_type = "application/gzip" if gzip else _MEDIA_TYPES[format]
    return StreamingResponse(chain([first], answer), media_type=media_type, headers=headers)


def _as_text(_number: int, segment: Segment) -> bytes:
    return segment.body


def _as_jsonl(number: int, segment: Segment) -> bytes:
    time = segment.printed_at.isoformat().replace("+00:00", "Z")
    within = f'"time": "{time}", "stream": "{segment.stream.value}", "text": '
    texts = map(_text_as_json, segment.texts())
    return "".join(f'{{"number": {each}, {within}{text}}}\n' for each, text in enumerate(texts, number)).encode()


_text_as_json = json.JSONEncoder(ensure_ascii=False).encode
_WAYS: dict[Format, Callable[[int, Segment], bytes]] = {Format.TEXT: _as_text, Format.JSONL: _as_jsonl}


def _gathered(parts: Iterable[bytes]) -> Iterator[bytes]:
    piece = bytearray()
    for part in parts:
        piece += part
        if len(piece) >= _PIECE_BYTES:
            yield bytes(piece)
            piece.clear()
    yield bytes(piece)


def _compressed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(_GZIP_LEVEL, wbits=_GZIP_WINDOW)
    yield from filter(None, map(packer.compress, pieces))
    yield packer.flush()
