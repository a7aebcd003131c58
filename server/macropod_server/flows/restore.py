"""Fill an empty installation from a backup that was checked."""

from collections.abc import Iterator
from typing import Any

from macropod_server.db.dump import filling, is_empty
from macropod_server.db.engine import Database
from macropod_server.db.migrate import HEAD, migrate, revision, revisions
from macropod_server.domain.errors import Conflict, Invalid
from macropod_server.flows.backup_file import Backup
from macropod_server.logstore.base import Batch, LogStore
from macropod_server.storage.base import Storage


def check_revision(backup: Backup) -> None:
    """Raises `Invalid` for a backup that a newer server made."""
    wanted = backup.manifest.revision
    if wanted not in revisions():
        raise Invalid(
            f"The backup was made by version {backup.manifest.macropod}, with its tables at revision {wanted}; this "
            f"version knows revisions up to {HEAD}. Restore it with that version or a newer one."
        )


def check_is_empty(database: Database) -> None:
    if not is_empty(database):
        raise Conflict("The database is not empty. A backup is restored into a new database only.")


def restore_rows(database: Database, backup: Backup, *, installation_id: str | None) -> None:
    """At the revision they were saved at, then brought to this one. `installation_id`: the new one, None keeps it."""
    migrate(database, to=backup.manifest.revision)
    if (found := revision(database)) != backup.manifest.revision:
        raise Conflict(
            f"The database is at revision {found} already, the backup is of {backup.manifest.revision}. "
            "Restore it into a database without any tables."
        )
    with filling(database) as tables:
        for name, count in backup.manifest.tables.items():
            rows = _of_copy(name, backup.records(f"tables/{name}"), backup, installation_id)
            if tables.fill(name, rows) != count:
                raise Invalid(f"The backup does not have the {count} rows of {name} that its manifest tells of.")
        tables.go_on_after(backup.manifest.last_numbers)
    migrate(database)


def restore_lines(logs: LogStore, backup: Backup) -> None:
    if logs.usage().lines:
        raise Conflict("The log store is not empty. A backup is restored into a new one only.")
    logs.fill(_batches(backup))


def restore_blobs(storage: Storage, backup: Backup) -> None:
    """Each is hashed once more as it is stored."""
    if next(storage.list(), None):
        raise Conflict("The store of bundles is not empty. A backup is restored into a new one only.")
    for name in backup.parts("blobs"):
        sha256 = name.rpartition("/")[2]
        with storage.stage() as staging, backup.open(name) as blob:
            while piece := blob.read(1024**2):
                staging.write(piece)
            if (stored := staging.keep()) != sha256:
                storage.delete(stored)
                raise Invalid(f"The backup is damaged: blob {sha256} has the sha256 {stored}.")


def _of_copy(
    name: str, rows: Iterator[dict[str, Any]], backup: Backup, installation_id: str | None
) -> Iterator[dict[str, Any]]:
    """Without its key nobody can make the tokens of its runs, so the restored one begins with a key of its own."""
    for row in rows:
        if name == "installation":
            row |= {"installation_id": installation_id} if installation_id else {}
            row |= {"key_digest": None} if "key_digest" in row and not backup.manifest.has_key else {}
            row |= {"master_key_id": None} if "master_key_id" in row else {}  # No backup has it.
        yield row


def _batches(backup: Backup) -> Iterator[Batch]:
    for record in backup.records("logs"):
        yield Batch(record["run_id"], record["first"], record["batch"].encode())
