"""Makes a blob that was written aside visible in a folder, whole and durably."""

import hashlib
import os
from pathlib import Path

from macropod_server.storage.staged_file import StagedFile, translated_errors


class LocalStaging(StagedFile):
    def __init__(self, root: Path, folder: Path) -> None:
        super().__init__(folder)
        self._root = root

    def __enter__(self) -> "LocalStaging":
        self._open()
        return self

    def keep(self) -> str:
        sha256 = self._digest.hexdigest()
        place = place_of(self._root, sha256)
        with translated_errors():
            os.fsync(self._descriptor)
            place.parent.mkdir(exist_ok=True)
            if not _is_kept_anew(place, sha256):
                self._path = self._path.rename(place)
                self._is_kept = True
            # Also for a blob that was there: whoever renamed it may not have come to this line.
            _flush_folder(place.parent)
            _flush_folder(self._root)
        return sha256


def place_of(root: Path, sha256: str) -> Path:
    return root / sha256[:2] / sha256[2:]


def _is_kept_anew(place: Path, sha256: str) -> bool:
    """Whether the blob is there, whole. It is as if it were kept only now, so that no sweep takes it for old."""
    try:
        with place.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                return False
        os.utime(place)
    except FileNotFoundError:
        return False
    return True


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
