"""Downloads: written aside and put in their place when they are whole; a zip is compared with its SHA-256 before."""

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from macropod.connection import Connection
from macropod.errors import Invalid, UnexpectedAnswer


def checked_destination(target: Path, *, default_name: str, overwrite: bool) -> Path:
    """The file to write: `target`, or in it if it is a folder. Raises `Invalid` when it cannot be written."""
    destination = target / _file_name(default_name) if target.is_dir() else target
    if not destination.parent.is_dir():
        raise Invalid.field("path", f"There is no folder {destination.parent}; make it first.")
    if destination.exists() and not overwrite:
        raise Invalid.field(
            "path",
            f"{destination} is there already. Name another file, or have it replaced with overwrite=True, "
            "on the command line with --force.",
        )
    return destination


def download_bundle(connection: Connection, path: str, destination: Path, *, sha: str) -> None:
    """Write the answer aside and, if its SHA-256 is right, put it in the place of what is there."""
    digest = hashlib.sha256()

    def digested(chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            digest.update(chunk)
            yield chunk
        _compare(digest.hexdigest(), sha)

    download_file(connection, path, destination, checked=digested)


def download_file(
    connection: Connection,
    path: str,
    destination: Path,
    *,
    checked: Callable[[Iterable[bytes]], Iterable[bytes]] = lambda chunks: chunks,
    **params: Any,
) -> None:
    """Write the answer aside and, when it is whole, put it in the place of what is there."""
    with tempfile.NamedTemporaryFile(dir=destination.parent, prefix=".macropod-", delete=False) as file:
        aside = Path(file.name)
        try:
            with connection.stream(path, **params) as chunks:
                for chunk in checked(chunks):
                    file.write(chunk)
            file.close()
            aside.replace(destination)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise


def _file_name(name: str) -> str:
    """Only the last part: a name chosen by whoever uploaded must not lead out of the folder."""
    return PurePosixPath(name.replace("\\", "/")).name.lstrip(".") or "orchestration.zip"


def _compare(got: str, expected: str) -> None:
    if got != expected:
        raise UnexpectedAnswer(f"The zip that arrived has the SHA-256 {got}, not {expected}. Download it again.")
