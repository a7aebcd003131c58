"""Fetches the uploaded zip and unpacks it."""

import binascii
import os
import shutil
import stat
import zipfile
from pathlib import Path

from macropod_runner.program import CouldNotStart
from macropod_runner.server import NotThere, Server


def fetch_bundle(server: Server, home: Path, *, spool: Path, sent: str | None = None) -> None:
    """`sent` is a small zip in base64 that came with the spec. Raises `CouldNotStart`."""
    path = spool / "bundle.zip"
    try:
        if sent is None:
            server.fetch_bundle(path)
        else:
            path.write_bytes(binascii.a2b_base64(sent))
        unpack(path, home)
    except NotThere:
        raise CouldNotStart(
            "The uploaded zip is not in the server's store any more. Upload it again and make a new task."
        ) from None
    except (OSError, zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError) as error:
        raise CouldNotStart(f"The uploaded zip could not be unpacked: {error}.") from error
    finally:
        path.unlink(missing_ok=True)


def unpack(path: Path, folder: Path) -> None:
    """Executable bits are kept; set-user-ID, set-group-ID and sticky bits are not."""
    root = str(folder)
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            target = os.path.normpath(os.path.join(root, member.filename))
            if os.path.commonpath([root, target]) != root:
                raise zipfile.BadZipFile(f"{member.filename!r} leads out of the folder")
            if member.is_dir():
                os.makedirs(target, exist_ok=True)
            else:
                _write(archive, member, target)


def _write(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: str) -> None:
    os.makedirs(os.path.dirname(target), exist_ok=True)
    mode = 0o755 if member.external_attr >> 16 & stat.S_IXUSR else 0o644
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, mode)
    with archive.open(member) as source, open(descriptor, "wb") as file:
        shutil.copyfileobj(source, file, 256 * 1024)
