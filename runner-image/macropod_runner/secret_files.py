"""Secrets as files: in a folder that only this run reads, in memory where the system has a place for that."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from macropod_runner.program import CouldNotStart

_MEMORY = Path("/dev/shm")


@contextmanager
def secret_files(contents: Mapping[str, str], *, run_id: str, otherwise: Path) -> Iterator[Path]:
    """Their folder, which is gone afterwards. Raises `CouldNotStart`."""
    try:
        folder = _make_folder(run_id, otherwise)
        for name, content in contents.items():
            _write(folder / name, content)
    except OSError as error:
        raise CouldNotStart(f"The files with the secrets of this run cannot be written: {error.strerror}.") from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _make_folder(run_id: str, otherwise: Path) -> Path:
    """Its name is known to the spawner, which removes it where the runner could not."""
    for folder in (_MEMORY / f"macropod-{run_id}", otherwise / "secrets"):
        try:
            folder.mkdir(mode=0o700)
            return folder
        except OSError as error:
            refusal = error
    raise refusal


def _write(path: Path, content: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        file.write(content)
