"""Lines on disk while the server is away, oldest first, in files that go as a whole."""

import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from macropod_runner.segments import Segment, decoded

_TRY_AGAIN_SECONDS = 1.0


class Lot(NamedTuple):
    """Segments in one file."""

    path: Path
    line_count: int
    size: int


class LotLost(Exception):
    """Lines that were on disk could not be read back."""

    def __init__(self, lot: Lot) -> None:
        super().__init__(f"{lot.path} could not be read.")
        self.lot = lot


class Spool:
    """Never over `max_bytes`."""

    def __init__(self, folder: Path, *, max_bytes: int) -> None:
        self._folder = folder
        self._free = max_bytes
        self._lots: deque[Lot] = deque()
        self._stored = 0
        self._try_again_at = 0.0

    def is_empty(self) -> bool:
        return not self._lots

    def store(self, segments: Sequence[Segment]) -> bool:
        """False, with nothing stored, when there is no room here or on the disk."""
        if sum(len(segment.body) for segment in segments) > self._free or time.monotonic() < self._try_again_at:
            return False
        data = b"".join(segment.encoded() for segment in segments)
        path = self._folder / f"{self._stored:08d}.lines"
        if len(data) > self._free or not self._write(path, data):
            return False
        self._stored += 1
        self._free -= len(data)
        self._lots.append(Lot(path, sum(segment.line_count for segment in segments), len(data)))
        return True

    def take(self) -> list[Segment]:
        """The oldest lot. Raises `LotLost`; the lot is gone from here either way."""
        lot = self._lots.popleft()
        self._free += lot.size
        try:
            return list(decoded(lot.path.read_bytes()))
        except (OSError, ValueError):
            raise LotLost(lot) from None
        finally:
            with suppress(OSError):
                lot.path.unlink()

    def _write(self, path: Path, data: bytes) -> bool:
        try:
            path.write_bytes(data)
        except OSError:
            self._try_again_at = time.monotonic() + _TRY_AGAIN_SECONDS
            with suppress(OSError):
                path.unlink()
            return False
        return True
