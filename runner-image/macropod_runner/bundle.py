"""Fetches the uploaded zip, checks that it is the one, and unpacks it."""

import binascii
import hashlib
import os
import shutil
import stat
import zipfile
from pathlib import Path

from macropod_runner.aside import say_aside
from macropod_runner.connection import Unreachable, fetch
from macropod_runner.program import CouldNotStart
from macropod_runner.server import NotThere, Server
from macropod_runner.spec import Spec

_TRIES = 3
_BLOCK = 256 * 1024


def fetch_bundle(server: Server, home: Path, *, spool: Path, spec: Spec) -> None:
    """Raises `CouldNotStart`; nothing is unpacked that is not what was uploaded, to the byte."""
    path = spool / "bundle.zip"
    try:
        _fetch(server, path, spec)
        unpack(path, home)
    except NotThere:
        raise CouldNotStart(
            "The uploaded zip is not in the server's store any more. Upload it again and make a new task."
        ) from None
    except (OSError, zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError) as error:
        raise CouldNotStart(f"The uploaded zip could not be unpacked: {error}.") from error
    finally:
        path.unlink(missing_ok=True)


def _fetch(server: Server, path: Path, spec: Spec) -> None:
    """It may have come with the spec, or lie where it can be had without the server, which has it in any case."""
    if spec.bundle is not None:
        path.write_bytes(binascii.a2b_base64(spec.bundle))
        if _is_whole(path, spec):
            return
    if spec.bundle_url is not None and _fetched_directly(spec.bundle_url, path) and _is_whole(path, spec):
        return
    for _ in range(_TRIES):
        server.fetch_bundle(path)
        if _is_whole(path, spec):
            return
    raise CouldNotStart(
        f"The uploaded zip came damaged {_TRIES} times: its sha256 is {_sha256(path)}, not {spec.bundle_sha256}."
    )


def _fetched_directly(url: str, path: Path) -> bool:
    """The URL is never said aloud: whoever has it can fetch the zip too."""
    try:
        with path.open("wb") as file:
            fetch(url, file.write)
    except (Unreachable, ValueError) as error:
        say_aside(f"The zip could not be fetched from the store itself ({error}); the server is asked for it.")
        return False
    return True


def _is_whole(path: Path, spec: Spec) -> bool:
    if spec.bundle_sha256 is None or _sha256(path) == spec.bundle_sha256:
        return True
    say_aside("The zip that came is not the one that was uploaded; it is fetched again.")
    return False


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


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
