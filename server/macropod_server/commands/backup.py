"""The commands `macropod-server backup` and `restore`."""

from pathlib import Path
from typing import Annotated

import typer

from macropod_server.app import build_deps, close_deps, utc_now
from macropod_server.commands.opening import opened, say_where
from macropod_server.commands.options import DatabaseUrl, DataDir, SpawnerName
from macropod_server.db.engine import Database
from macropod_server.deps import Deps
from macropod_server.domain.errors import Conflict
from macropod_server.domain.naming import new_id
from macropod_server.flows.backup import back_up
from macropod_server.flows.backup_file import KEY, Backup, Manifest
from macropod_server.flows.restore import check_is_empty, check_revision, restore_blobs, restore_lines, restore_rows
from macropod_server.flows.settle_restored import Settled, settle_restored
from macropod_server.installation import unfinished_restore
from macropod_server.private_files import write_private
from macropod_server.settings import Settings
from macropod_server.settings_reading import read_settings

_MAY_BE_THERE = {"lost+found"}
"""What a new disk brings along."""

File = Annotated[Path, typer.Argument(help="The one file of the backup.")]


def backup(
    file: File,
    with_key: Annotated[
        bool, typer.Option("--with-key", help="The key of run tokens too. Whoever has it can act as any run.")
    ] = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    spawner: SpawnerName = None,
) -> None:
    """Write everything into one file, as it is at one moment. A server may run meanwhile.

    Exit code 1: the file was not written, or bundles are not in it because they are missing or damaged.
    """
    with opened(read_settings(data_dir=data_dir, database_url=database_url, spawner=spawner)) as deps:
        made = back_up(deps, file.absolute(), with_key=with_key, now=utc_now())
    typer.echo(f"{file}: {_content(made)}, {file.stat().st_size:,} bytes.")
    for sha256, reason in made.left_out.items():
        typer.echo(f"The bundle {sha256} is not in the backup: {reason}.", err=True)
    if made.left_out:
        raise typer.Exit(1)


def restore(
    file: File,
    paused: Annotated[bool, typer.Option("--paused", help="Nothing starts until somebody resumes it.")] = False,
    takes_over: Annotated[
        bool,
        typer.Option(
            "--takes-over", help="The original was stopped before the backup and stays off: its runs are this one's."
        ),
    ] = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    spawner: SpawnerName = None,
) -> None:
    """Fill an empty data folder and database from a backup. Every byte is checked before anything is written."""
    settings = read_settings(data_dir=data_dir, database_url=database_url, spawner=spawner)
    checked = Backup(file.absolute())
    settled = restore_into(settings, checked, is_paused=paused, takes_over=takes_over)
    typer.echo("\n".join(_told(settings, checked.manifest, settled, is_paused=paused, takes_over=takes_over)))


def restore_into(settings: Settings, checked: Backup, *, is_paused: bool = False, takes_over: bool = False) -> Settled:
    """Raises `Conflict` unless folder and database are empty. Broken off, it leaves what no server starts on."""
    _check_target(settings, checked)
    marker = unfinished_restore(settings)
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    marker.touch()
    settled = _restore(settings, checked, is_paused=is_paused, takes_over=takes_over)
    marker.unlink()
    return settled


def _check_target(settings: Settings, checked: Backup) -> None:
    check_revision(checked)
    folder = settings.data_dir
    if folder.is_dir() and {each.name for each in folder.iterdir()} - _MAY_BE_THERE:
        raise Conflict(f"The data folder {folder} is not empty. A backup is restored into a new one only.")
    if settings.is_embedded:
        return
    database = Database(settings.resolved_database_url)
    check_is_empty(database)
    database.close()


def _restore(settings: Settings, checked: Backup, *, is_paused: bool, takes_over: bool) -> Settled:
    database = Database(settings.resolved_database_url)
    check_is_empty(database)
    restore_rows(database, checked, installation_id=None if takes_over else new_id())
    database.close()
    if checked.manifest.has_key:
        write_private(settings.data_dir / KEY, checked.read(KEY).decode())
    deps = build_deps(settings, is_to_spawn=False)
    if takes_over:
        say_where(deps)
    try:
        return _fill(deps, checked, is_paused=is_paused, takes_over=takes_over)
    finally:
        close_deps(deps)


def _fill(deps: Deps, checked: Backup, *, is_paused: bool, takes_over: bool) -> Settled:
    restore_blobs(deps.storage, checked)
    restore_lines(deps.logs, checked)
    return settle_restored(
        deps,
        takes_over=takes_over,
        is_paused=is_paused,
        left_out=list(checked.manifest.left_out),
        made_at=checked.manifest.made_at,
        now=utc_now(),
    )


def _content(manifest: Manifest) -> str:
    rows = sum(manifest.tables.values())
    return f"{rows:,} rows, {manifest.lines:,} batches of lines, {manifest.blobs:,} bundles"


def _told(settings: Settings, manifest: Manifest, settled: Settled, *, is_paused: bool, takes_over: bool) -> list[str]:
    told = [f"Restored to {settings.data_dir}, as of {manifest.made_at}: {_content(manifest)}."]
    if settled.lost_runs:
        told.append(f"{settled.lost_runs} runs had not ended; nobody knows how they did, so they are lost.")
    if settled.rebuilt_orchestrations:
        told.append(f"The environments of {settled.rebuilt_orchestrations} orchestrations are built from their locks.")
    if settled.lost_orchestrations:
        told.append(f"{settled.lost_orchestrations} orchestrations are in error: their bundles are not in the backup.")
    if takes_over and not (manifest.has_key or settings.secret_key):
        told.append("Runs that are still under way lose touch: their key is not in the backup (see --with-key).")
    if is_paused:
        told.append("All workspaces are paused; resume them when the original is off.")
    elif not takes_over:
        told.append("Schedules go on with the next start. If the original still runs, both start what is due.")
    return told
