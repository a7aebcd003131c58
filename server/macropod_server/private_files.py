"""Files that only their owner may read: keys and credentials."""

import os
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Whole or not at all, with mode 0600."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    aside.replace(path)
