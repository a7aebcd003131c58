"""Downloads a zip: written aside, compared with its SHA-256, then put in its place."""

import hashlib
import tempfile
from pathlib import Path, PurePosixPath

from macropod.connection import Connection
from macropod.errors import UnexpectedAnswer


def download_bundle(connection: Connection, path: str, target: Path, *, default_name: str, sha: str) -> Path:
    """Write the answer to `target`, or into it under its own name if it is a folder. Returns the path."""
    destination = target / _file_name(default_name) if target.is_dir() else target
    digest = hashlib.sha256()
    with tempfile.NamedTemporaryFile(dir=destination.parent, prefix=".macropod-", delete=False) as file:
        aside = Path(file.name)
        try:
            with connection.stream(path) as chunks:
                for chunk in chunks:
                    digest.update(chunk)
                    file.write(chunk)
            file.close()
            _compare(digest.hexdigest(), sha)
            aside.replace(destination)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise
    return destination


def _file_name(name: str) -> str:
    """Only the last part: a name chosen by whoever uploaded must not lead out of the folder."""
    return PurePosixPath(name.replace("\\", "/")).name.lstrip(".") or "orchestration.zip"


def _compare(got: str, expected: str) -> None:
    if got != expected:
        raise UnexpectedAnswer(f"The zip that arrived has the SHA-256 {got}, not {expected}. Download it again.")
