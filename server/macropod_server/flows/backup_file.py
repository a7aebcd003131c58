"""The file of a backup: a tar of parts, the last two a manifest with the sha256 of all others, and its own sha256."""

import hashlib
import io
import json
import os
import tarfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import zstandard

from macropod_server.domain.errors import Conflict, Invalid

FORMAT = 1
MANIFEST, SEAL = "manifest.json", "manifest.sha256"
KEY = "secret.key"

_BLOCK = tarfile.BLOCKSIZE
_PIECE_BYTES = 1024**2
_PART_BYTES = 8 * 1024**2


@dataclass
class Manifest:
    """What a backup is of, and what is in it. `left_out` has the reason for each blob that is not."""

    macropod: str
    revision: str
    installation_id: str
    made_at: str
    format: int = FORMAT
    tables: dict[str, int] = field(default_factory=dict)
    last_numbers: dict[str, int] = field(default_factory=dict)
    lines: int = 0
    blobs: int = 0
    left_out: dict[str, str] = field(default_factory=dict)
    members: dict[str, str] = field(default_factory=dict)

    @property
    def has_key(self) -> bool:
        return KEY in self.members


class BackupWriter:
    """Adds members in the order they come; nothing is held in memory but one part."""

    def __init__(self, file: BinaryIO, manifest: Manifest) -> None:
        self.manifest = manifest
        self._tar = tarfile.open(fileobj=file, mode="w", format=tarfile.GNU_FORMAT)  # noqa: SIM115
        self._compressor = zstandard.ZstdCompressor()
        self._parts: Counter[str] = Counter()

    def add_lines(self, folder: str, records: Iterable[dict[str, Any]]) -> int:
        """As JSON lines, in as many parts as needed."""
        count, part, size = 0, list[bytes](), 0
        for record in records:
            part.append(json.dumps(record, separators=(",", ":")).encode() + b"\n")
            count, size = count + 1, size + len(part[-1])
            if size > _PART_BYTES:
                self._add_part(folder, part)
                part, size = [], 0
        if part:
            self._add_part(folder, part)
        return count

    def add_file(self, name: str, file: BinaryIO, *, size: int) -> str:
        """Its sha256, as written."""
        reader = _Hashing(file)
        self._tar.addfile(_entry(name, size), reader)
        self.manifest.members[name] = reader.digest.hexdigest()
        return self.manifest.members[name]

    def add_bytes(self, name: str, content: bytes) -> None:
        self.add_file(name, io.BytesIO(content), size=len(content))

    def finish(self) -> None:
        told = json.dumps(asdict(self.manifest), indent=1).encode()
        for name, content in ((MANIFEST, told), (SEAL, hashlib.sha256(told).hexdigest().encode())):
            self._tar.addfile(_entry(name, len(content)), io.BytesIO(content))
        self._tar.close()

    def _add_part(self, folder: str, lines: list[bytes]) -> None:
        self._parts[folder] += 1
        self.add_bytes(f"{folder}/{self._parts[folder]:06}.jsonl.zst", self._compressor.compress(b"".join(lines)))


@contextmanager
def new_backup(path: Path, manifest: Manifest) -> Iterator[BackupWriter]:
    """A file that appears whole, or not at all, and only its owner may read. Raises `Conflict` where there is one."""
    if path.exists():
        raise Conflict(f"There is a file {path} already. Name another, or remove that one first.")
    aside = path.with_name(f".{path.name}.part")
    try:
        with open(os.open(aside, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            writer = BackupWriter(file, manifest)
            yield writer
            writer.finish()
            file.flush()
            os.fsync(file.fileno())
        aside.rename(path)
    finally:
        aside.unlink(missing_ok=True)


class Backup:
    """A file that was checked: every byte of it is as it was written."""

    def __init__(self, path: Path) -> None:
        """Raises `Invalid` naming what is damaged."""
        self.path = path
        self._places: dict[str, tuple[int, int]] = {}
        found = self._check()
        self.manifest = self._manifest(found)

    def parts(self, folder: str) -> list[str]:
        """Names of members in this folder, in the order they were written."""
        return [name for name in self._places if name.startswith(f"{folder}/")]

    def records(self, folder: str) -> Iterator[dict[str, Any]]:
        for name in self.parts(folder):
            with self.open(name) as file:
                for line in zstandard.decompress(file.read()).splitlines():
                    yield json.loads(line)

    @contextmanager
    def open(self, name: str) -> "Iterator[Window]":
        place, size = self._places[name]
        with self.path.open("rb") as file:
            file.seek(place)
            yield Window(file, size)

    def read(self, name: str) -> bytes:
        with self.open(name) as file:
            return file.read()

    def _check(self) -> dict[str, str]:
        """The sha256 of every member."""
        found, end = dict[str, str](), 0
        try:
            with self.path.open("rb") as file, tarfile.open(fileobj=file, mode="r:") as tar:
                for entry in tar:
                    self._check_padding(file, end, entry.offset)
                    end = entry.offset_data + entry.size
                    self._places[entry.name] = (entry.offset_data, entry.size)
                    file.seek(entry.offset_data)
                    found[entry.name] = _digest(Window(file, entry.size))
                self._check_padding(file, end, self.path.stat().st_size)
        except tarfile.TarError as error:
            raise Invalid(f"{self.path} is no backup, or its beginning is damaged: {error}.") from error
        except OSError as error:
            raise Invalid(f"The backup {self.path} cannot be read: {error.strerror}.") from error
        return found

    def _check_padding(self, file: BinaryIO, start: int, end: int) -> None:
        file.seek(start)
        rest = Window(file, max(0, end - start))
        while piece := rest.read(_PIECE_BYTES):
            if piece.strip(b"\0"):
                raise Invalid(f"The backup {self.path} is damaged between its parts, after byte {start}.")

    def _manifest(self, found: dict[str, str]) -> Manifest:
        if MANIFEST not in found or SEAL not in found:
            raise Invalid(f"{self.path} is no backup, or it ends too early: it has no {MANIFEST} with its {SEAL}.")
        if self.read(SEAL) != found[MANIFEST].encode():
            raise Invalid(f"The backup {self.path} is damaged: {MANIFEST} does not have the sha256 in {SEAL}.")
        told = json.loads(self.read(MANIFEST))
        if told["format"] != FORMAT:
            raise Invalid(f"The backup {self.path} has format {told['format']}; this version reads format {FORMAT}.")
        manifest = Manifest(**told)
        for name, sha256 in manifest.members.items():
            if found.get(name) != sha256:
                state = "is missing" if name not in found else f"does not have the sha256 {sha256} it was written with"
                raise Invalid(f"The backup {self.path} is damaged: {name} {state}. Restore another backup.")
        if extra := found.keys() - manifest.members.keys() - {MANIFEST, SEAL}:
            raise Invalid(f"The backup {self.path} has parts that its manifest does not name: {', '.join(extra)}.")
        return manifest


class _Hashing(io.RawIOBase):
    def __init__(self, file: BinaryIO) -> None:
        self.digest = hashlib.sha256()
        self._file = file

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(size)
        self.digest.update(piece)
        return piece


class Window(io.RawIOBase):
    """So many bytes of a file from where it stands."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._left = size

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(piece)
        return piece


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o600
    return entry


def _digest(file: Any) -> str:
    digest = hashlib.sha256()
    while piece := file.read(_PIECE_BYTES):
        digest.update(piece)
    return digest.hexdigest()
