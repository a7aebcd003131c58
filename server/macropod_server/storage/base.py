"""Storage: bundles by the sha256 of their bytes. Promises tested by `tests/contracts`."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Protocol

from macropod_server.domain.errors import OutOfSpace, Unavailable


@dataclass(frozen=True)
class Blob:
    """A visible blob and when it was last kept."""

    sha256: str
    size_bytes: int
    kept_at: datetime


class StorageUnavailable(Unavailable):
    """The store cannot be read or written now (away, full); nothing half-written is visible."""


class StorageFull(StorageUnavailable, OutOfSpace):
    """The store has no room for this."""


class BlobNotFound(Exception):
    """There is no blob of this name."""


class Storage(Protocol):
    """Blobs, each named by the sha256 (64 lower-case hex digits) of its bytes. A visible blob is whole."""

    def stage(self) -> "Staging":
        """A place to write a new blob aside, hashed while written. Leaves nothing behind unless kept."""
        ...

    def open(self, sha256: str) -> BinaryIO:
        """The blob for reading. Raises `BlobNotFound`."""
        ...

    def exists(self, sha256: str) -> bool: ...

    def delete(self, sha256: str) -> None:
        """Remove the blob. Harmless when it is not there."""
        ...

    def list(self) -> Iterator[Blob]:
        """Every visible blob, in no order; one that comes or goes meanwhile may be among them or not."""
        ...

    def clock(self) -> datetime | None:
        """What time it is in the store, to the second. None where it has no clock but this machine's."""
        ...

    def clear_staging(self) -> int:
        """Remove what writers left that died. What a living one of any process writes stays. Answers how many."""
        ...


class Staging(Protocol):
    """Used as a context manager: what was not kept when it ends is gone."""

    size: int

    def __enter__(self) -> "Staging": ...

    def __exit__(self, *exc: object) -> None: ...

    def write(self, data: bytes) -> None:
        """Append. Raises `StorageFull` when the disk is full."""
        ...

    def file(self) -> BinaryIO:
        """What was written so far, seekable, for reading."""
        ...

    def keep(self) -> str:
        """Make it visible, durably, under its sha256 and return that. The same bytes again store nothing new, and
        count as kept now."""
        ...
