"""Storage: bundles by the sha256 of their bytes. Promises tested by `tests/contracts`."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from macropod_server.domain.errors import Unavailable


class StorageUnavailable(Unavailable):
    """The store cannot be read or written now (away, full); nothing half-written is visible."""


class BlobNotFound(Exception):
    """There is no blob of this name."""


class BlobDamaged(Exception):
    """The stored bytes do not have the sha256 they are named by."""


class Storage(Protocol):
    """Blobs, each named by the sha256 (64 lower-case hex digits) of its bytes. A visible blob is whole."""

    def stage(self) -> "Staging":
        """A place to write a new blob aside, hashed while written. Leaves nothing behind unless kept."""
        ...

    def open(self, sha256: str) -> BinaryIO:
        """The blob for reading. Raises `BlobNotFound`."""
        ...

    def path(self, sha256: str) -> Path | None:
        """The blob as a file on this machine where there is one. Raises `BlobNotFound`."""
        ...

    def exists(self, sha256: str) -> bool: ...

    def check(self, sha256: str) -> None:
        """Read the whole blob and compare. Raises `BlobDamaged` or `BlobNotFound`."""
        ...

    def delete(self, sha256: str) -> None:
        """Remove the blob. Harmless when it is not there."""
        ...

    def list(self) -> Iterator[str]:
        """Names of all visible blobs."""
        ...


class Staging(Protocol):
    """Used as a context manager: what was not kept when it ends is gone."""

    size: int

    def __enter__(self) -> "Staging": ...

    def __exit__(self, *exc: object) -> None: ...

    def write(self, data: bytes) -> None:
        """Append. Raises `StorageUnavailable` when the disk is full."""
        ...

    def file(self) -> BinaryIO:
        """What was written so far, seekable, for reading."""
        ...

    def keep(self) -> str:
        """Make it visible, durably, under its sha256 and return that. The same bytes again store nothing new."""
        ...
