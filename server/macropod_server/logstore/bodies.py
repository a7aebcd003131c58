"""Bodies: where the bodies of ended runs' chunks may lie outside of the store. Promises tested by `tests/contracts`."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Protocol


class Bodies(Protocol):
    """Bytes by their keys. Any method raises `Unavailable` when the place cannot be reached."""

    def put(self, key: str, body: bytes) -> None:
        """Whole and durable on return. The same once more is harmless."""
        ...

    def get(self, key: str) -> bytes | None:
        """What was put there; None where nothing is."""
        ...

    def remove(self, keys: Iterable[str]) -> None:
        """Harmless for what is not there."""
        ...

    def keys(self, beginning: str) -> Iterator[tuple[str, datetime]]:
        """Every key that begins so, and when it was put there."""
        ...
