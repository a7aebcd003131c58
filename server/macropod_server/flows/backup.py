"""Back up an installation while it works: first its rows as of one moment, then lines and blobs, which only grow."""

import errno
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog

from macropod_server import __version__
from macropod_server.db.dump import Snapshot, snapshot
from macropod_server.db.migrate import revision
from macropod_server.deps import Deps
from macropod_server.domain.errors import Conflict, OutOfSpace
from macropod_server.flows.backup_file import KEY, BackupWriter, Manifest, new_backup
from macropod_server.storage.base import BlobDamaged, BlobNotFound

log = structlog.get_logger()

_PIECE_BYTES = 1024**2


def back_up(deps: Deps, path: Path, *, with_key: bool = False, now: datetime) -> Manifest:
    """Write it all into a new file. Blobs that cannot be had whole are left out and named in the manifest."""
    manifest = Manifest(__version__, revision(deps.database) or "", deps.installation_id, now.isoformat())
    try:
        with new_backup(path, manifest) as writer:
            bundles = _add_rows(deps, writer)
            manifest.lines = writer.add_lines("logs", _batches(deps))
            for sha256 in sorted(bundles):
                _add_blob(deps, writer, sha256, folder=path.parent)
            if with_key:
                writer.add_bytes(KEY, deps.run_key)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise OutOfSpace(f"There is no room for the backup {path}; nothing of it was kept.") from error
        raise Conflict(f"The backup {path} cannot be written: {error.strerror}.") from error
    log.info("backup_made", file=str(path), blobs=manifest.blobs, left_out=len(manifest.left_out))
    return manifest


@dataclass
class _Bundles:
    """Gathers which blobs the rows that pass need."""

    sha256s: set[str] = field(default_factory=set)

    def watch(self, rows: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for row in rows:
            if row["deleted_at"] is None:
                self.sha256s.add(row["sha256"])
            yield row


def _add_rows(deps: Deps, writer: BackupWriter) -> set[str]:
    bundles = _Bundles()
    with snapshot(deps.database) as tables:
        for name in tables.tables():
            writer.manifest.tables[name] = writer.add_lines(f"tables/{name}", _rows(tables, name, bundles))
        writer.manifest.last_numbers = tables.last_numbers()
    return bundles.sha256s


def _rows(tables: Snapshot, name: str, bundles: _Bundles) -> Iterator[dict[str, Any]]:
    rows = tables.rows(name)
    return bundles.watch(rows) if name == "orchestrations" else rows


def _batches(deps: Deps) -> Iterator[dict[str, Any]]:
    for each in deps.logs.batches():
        yield {"run_id": each.run_id, "first": each.first, "batch": each.content.decode()}


def _add_blob(deps: Deps, writer: BackupWriter, sha256: str, *, folder: Path) -> None:
    """Read whole and put aside first, so that nothing damaged gets into the file."""
    with tempfile.TemporaryFile(dir=folder) as aside:
        try:
            with deps.storage.open(sha256) as blob:
                shutil.copyfileobj(blob, aside, _PIECE_BYTES)
        except BlobNotFound:
            writer.manifest.left_out[sha256] = "it is not there; it may have been deleted while the backup was made"
        except BlobDamaged as error:
            writer.manifest.left_out[sha256] = f"its bytes are damaged: their sha256 is {error.found}"
        else:
            size = aside.tell()
            aside.seek(0)
            writer.add_file(f"blobs/{sha256}", aside, size=size)
            writer.manifest.blobs += 1
