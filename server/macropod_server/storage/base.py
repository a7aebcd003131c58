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


class StorageForbidden(StorageUnavailable):
    """The store is there and does not let this server in, or not do this."""


class StorageMissing(StorageUnavailable):
    """The place that was named is not there, such as a bucket that nobody made."""


class StorageClockWrong(StorageUnavailable):
    """The clocks of this machine and of the store are too far apart for it to believe us."""


class BlobNotFound(Exception):
    """There is no blob of this name."""


class BlobDamaged(Exception):
    """The bytes that are stored or came are not those of this name. The message is a sentence for people."""

    def __init__(self, sha256: str, *, found: str) -> None:
        super().__init__(f"The stored bytes of {sha256} are damaged: their sha256 is {found}.")
        self.found = found


class Storage(Protocol):
    """Blobs, each named by the sha256 (64 lower-case hex digits) of its bytes. A visible blob is whole."""

    def stage(self) -> "Staging":
        """A place to write a new blob aside, hashed while written. Leaves nothing behind unless kept."""
        ...

    def open(self, sha256: str) -> BinaryIO:
        """The blob for reading, seekable. Raises `BlobNotFound`.

        Its sha256 is checked whenever its end is reached: bytes that are not those of the name never come to an end,
        for reading the last of them raises `BlobDamaged`.
        """
        ...

    def address(self, sha256: str, *, seconds: int) -> str | None:
        """A URL that anybody may fetch the blob from for so long, without a token; it proves nothing of the bytes.

        None where the store has none to give, or may not. Asks nobody, so the blob need not be there.
        """
        ...

    def exists(self, sha256: str) -> bool: ...

    def delete(self, sha256: str) -> None:
        """Remove the blob. Harmless when it is not there."""
        ...

    def list(self) -> Iterator[Blob]:
        """Every visible blob, in no order; one that comes or goes meanwhile may be among them or not."""
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
        """Make it visible, durably, under its sha256 and return that.

        The same bytes again store nothing new, count as kept now, and mend a blob that was damaged.
        """
        ...
