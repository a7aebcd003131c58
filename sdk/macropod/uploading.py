"""Uploads a zip, a folder or bytes: made into one file, checked against the limit, sent."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from macropod.answers import Answer
from macropod.arguments import checked_name
from macropod.connection import Connection
from macropod.errors import Invalid, TooLarge
from macropod.packing import zip_folder
from macropod.progress import upload_bar
from macropod.tables import size as size_in_words

_LONGEST_SILENCE_SECONDS = 600


@dataclass(frozen=True)
class Source:
    """What to upload: a zip file, a folder, bytes or an open file, and what to call it."""

    content: Path | bytes | BinaryIO
    name: str | None
    file_name: str | None
    flavor: str | None = None

    def __str__(self) -> str:
        return str(self.content) if isinstance(self.content, Path) else self.name or "What was given"


def checked_source(
    path: str | os.PathLike[str] | None,
    *,
    bytes_buffer: bytes | BinaryIO | None,
    name: str | None,
    file_name: str | None,
    flavor: str | None = None,
) -> Source:
    """Raises `Invalid` for a combination that leaves open what is meant."""
    if name is not None:
        checked_name(name)
    if path is not None and bytes_buffer is not None:
        raise Invalid.field("path", "Both path and bytes_buffer were given; give one of them.")
    if bytes_buffer is not None:
        if not name:
            raise Invalid.field("name", "bytes_buffer was given without name; give both, for bytes have no name.")
        return Source(bytes_buffer, name, file_name, flavor)
    if path is None:
        raise Invalid.field("path", "Nothing to upload was given: give path, or bytes_buffer together with name.")
    if not Path(path).exists():
        raise Invalid.field("path", f"There is no file or folder {os.fspath(path)!r}.")
    return Source(Path(path), name, file_name or _file_name(Path(path)), flavor)


def upload(connection: Connection, source: Source, *, max_bytes: int) -> Answer:
    """Send it. Raises `TooLarge` before anything is sent when it is over the limit, and `Invalid`."""
    with _opened(source.content) as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        if size > max_bytes:
            raise TooLarge(
                f"The zip has {size:,} bytes; this server takes at most {size_in_words(max_bytes)}. Leave out what "
                "is not needed (name it in .macropodignore), or have the server's limit raised."
            )
        with upload_bar(file, size, name=source.name or source.file_name or "bytes") as watched:
            return _send(connection, source, watched)


def _send(connection: Connection, source: Source, file: BinaryIO) -> Answer:
    try:
        return connection.upload(
            "/v1/orchestrations",
            data={name: value for name, value in (("name", source.name), ("flavor", source.flavor)) if value},
            file=(source.file_name, file, "application/zip"),
            seconds=_LONGEST_SILENCE_SECONDS,
        )
    except Invalid as error:
        why = "" if error.problems else f" {error.message}"
        raise Invalid(f"{source} cannot be uploaded.{why}", problems=error.problems) from error


@contextmanager
def _opened(content: Path | bytes | BinaryIO) -> Iterator[BinaryIO]:
    if isinstance(content, bytes | bytearray | memoryview):
        yield io.BytesIO(content)
    elif isinstance(content, Path) and content.is_file():
        with content.open("rb") as file:
            yield file
    else:
        with tempfile.TemporaryFile() as file:
            _copy(content, file)
            yield file


def _copy(content: Path | BinaryIO, file: BinaryIO) -> None:
    if isinstance(content, Path):
        zip_folder(content, file)
        return
    if content.seekable():
        content.seek(0)
    shutil.copyfileobj(content, file)


def _file_name(path: Path) -> str:
    return f"{path.resolve().name}.zip" if path.is_dir() else path.name
