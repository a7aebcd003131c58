"""Read a multipart upload as it arrives: the file goes aside piece by piece, never whole into memory."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import TYPE_CHECKING

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from macropod_server.domain.errors import Invalid, TooLarge
from macropod_server.domain.flavor import Flavor, read_flavor
from macropod_server.domain.texts import check_name
from macropod_server.storage.base import Staging

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

_FIELDS = ("name", "flavor")
_FIELD_MAX_BYTES = 64 * 1024
_FILE_NAME_MAX_CHARACTERS = 255
_MOST_PARTS = 16
_AROUND_THE_FILE_BYTES = 1024**2
_HEADERS_MAX_BYTES = 16 * 1024


@dataclass(frozen=True)
class Form:
    name: str | None
    file_name: str | None
    flavor: Flavor | None


@dataclass(frozen=True)
class Parts:
    """What came beside the bytes of the file: the texts of its fields, and what the file is called."""

    fields: Mapping[str, str]
    file_name: str | None


@dataclass
class _Part:
    """The part that is being read: its headers first, then where its bytes go."""

    header_name: bytes = b""
    header_value: bytes = b""
    headers: Message = field(default_factory=Message)
    field_name: str = ""
    file_name: str | None = None
    value: bytes = b""
    header_bytes: int = 0


class _FormReader:
    """Callbacks of the multipart parser."""

    def __init__(self, staging: Staging, *, max_bytes: int, fields: Collection[str]) -> None:
        self._staging = staging
        self._max_bytes = max_bytes
        self._taken = fields
        self._part = _Part()
        self._parts = 0
        self.fields: dict[str, str] = {}
        self.file_name: str | None = None
        self.has_file = False
        self.is_complete = False

    def callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self.part_begin,
            "on_part_data": self.part_data,
            "on_part_end": self.part_end,
            "on_header_field": self.header_field,
            "on_header_value": self.header_value,
            "on_header_end": self.header_end,
            "on_headers_finished": self.headers_finished,
            "on_end": self.end,
        }

    def part_begin(self) -> None:
        self._part = _Part()
        self._parts += 1
        if self._parts > _MOST_PARTS:
            raise TooLarge(f"The form has over {_MOST_PARTS} parts; an upload takes {self._names()}.")

    def header_field(self, data: bytes, start: int, end: int) -> None:
        self._part.header_name += data[start:end]
        self._count_header(end - start)

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._part.header_value += data[start:end]
        self._count_header(end - start)

    def header_end(self) -> None:
        part = self._part
        part.headers[part.header_name.decode("latin-1")] = part.header_value.decode("latin-1")
        part.header_name = part.header_value = b""

    def headers_finished(self) -> None:
        part = self._part
        _, options = parse_options_header(part.headers.get("content-disposition", ""))
        part.field_name = options.get(b"name", b"").decode("utf-8", "replace")
        if b"filename" in options:
            part.file_name = options[b"filename"].decode("utf-8", "replace")
        if part.field_name == "file" and self.has_file:
            raise Invalid.field("file", "The form has two parts named `file`; send one zip per upload.")
        self.has_file = self.has_file or part.field_name == "file"

    def part_data(self, data: bytes, start: int, end: int) -> None:
        if self._part.field_name == "file":
            self._staging.write(data[start:end])
            self._check_size()
        elif self._part.field_name in self._taken:
            self._part.value += data[start:end]
            if len(self._part.value) > _FIELD_MAX_BYTES:
                raise TooLarge(f"The form field `{self._part.field_name}` is over {_FIELD_MAX_BYTES:,} bytes.")

    def part_end(self) -> None:
        part = self._part
        if part.field_name == "file":
            self.file_name = part.file_name or None
        elif part.field_name in self._taken:
            self.fields[part.field_name] = part.value.decode("utf-8", "replace")

    def end(self) -> None:
        self.is_complete = True

    def _names(self) -> str:
        return " and ".join(f"`{name}`" for name in ("file", *self._taken))

    def _count_header(self, size: int) -> None:
        self._part.header_bytes += size
        if self._part.header_bytes > _HEADERS_MAX_BYTES:
            raise TooLarge(f"A part of the form has over {_HEADERS_MAX_BYTES:,} bytes of headers.")

    def _check_size(self) -> None:
        if self._staging.size > self._max_bytes:
            raise too_large(self._max_bytes)


def too_large(max_bytes: int) -> TooLarge:
    return TooLarge(
        f"The upload is larger than the {max_bytes:,} bytes this server takes. "
        "Leave data out of the zip, or let the operator raise MACROPOD_UPLOAD_MAX_BYTES."
    )


async def read_form(request: Request, staging: Staging, *, max_bytes: int) -> Form:
    """Write the part `file` into staging. Raises `Invalid` for a body that is no such form, `TooLarge`."""
    parts = await read_parts(request, staging, max_bytes=max_bytes, fields=_FIELDS)
    name, flavor = map(parts.fields.get, _FIELDS)
    return Form(
        name=check_name("name", name) if name else None,
        file_name=parts.file_name,
        flavor=read_flavor(flavor) if flavor else None,
    )


async def read_parts(request: Request, staging: Staging, *, max_bytes: int, fields: Collection[str]) -> Parts:
    """The same for an upload with other `fields` beside the file."""
    reader = _FormReader(staging, max_bytes=max_bytes, fields=fields)
    parser = MultipartParser(_boundary(request), reader.callbacks())
    try:
        received_bytes = 0
        async for piece in request.stream():
            received_bytes += len(piece)
            if received_bytes > max_bytes + _AROUND_THE_FILE_BYTES:
                raise too_large(max_bytes)
            await run_in_threadpool(parser.write, piece)
        parser.finalize()
    except MultipartParseError as error:
        raise Invalid(f"The body is not a well-formed multipart form: {error}.") from None
    if not reader.is_complete:
        raise Invalid("The body ends before the multipart form does. Send the upload again.")
    if not reader.has_file:
        raise Invalid.field("file", "The form has no part named `file`; put the zip there.")
    if reader.file_name:
        check_name("file_name", reader.file_name, longest=_FILE_NAME_MAX_CHARACTERS)
    return Parts(reader.fields, reader.file_name)


def _boundary(request: Request) -> bytes:
    content_type, options = parse_options_header(request.headers.get("content-type", ""))
    if content_type != b"multipart/form-data" or not options.get(b"boundary"):
        raise Invalid("An upload is sent as multipart/form-data with the zip in a part named `file`.")
    return options[b"boundary"]
