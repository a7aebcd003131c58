"""A disk of its own for each test, small enough to be filled."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

_SIZE = "24m"


class SmallDisk:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self, *, but: int = 0) -> None:
        """Leave so many bytes free."""
        with self._ballast.open("wb") as ballast:
            while free := self._free() - but:
                if free <= 0:
                    break
                ballast.write(b"\0" * min(free, 1024**2))
                ballast.flush()

    def free(self) -> None:
        self._ballast.unlink()

    @property
    def _ballast(self) -> Path:
        return self.folder / "ballast"

    def _free(self) -> int:
        facts = os.statvfs(self.folder)
        return facts.f_bavail * facts.f_frsize


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    folder = tmp_path / "small"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "tmpfs", folder], capture_output=True)
    if done.returncode != 0:
        pytest.skip("A disk of its own takes the right to mount one, which root has.")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
