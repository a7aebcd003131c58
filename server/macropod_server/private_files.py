"""Files that only their owner may read: keys and credentials."""

import os
import threading
from contextlib import suppress
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Whole or not at all, with mode 0600, and on the disk before anything that follows."""
    _write_aside(path, text).replace(path)
    _sync_folder(path.parent)


def keep_private(path: Path, text: str) -> str:
    """What is in the file; where there is none it is made of this text. Of several who come at once one makes it."""
    if not path.exists():
        aside = _write_aside(path, text)
        with suppress(FileExistsError):
            os.link(aside, path)
        aside.unlink()
        _sync_folder(path.parent)
    return path.read_text()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_aside(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return aside
