"""The command `macropod-server rotate-key`: a new master key for all secrets, beside servers and runs that go on."""

import typer

from macropod_server.commands.opening import opened_database
from macropod_server.commands.options import DatabaseUrl, DataDir
from macropod_server.flows.rotate_key import Rotation
from macropod_server.flows.rotate_key import rotate_key as change_key
from macropod_server.master_keys import MasterKeys
from macropod_server.settings_reading import read_settings


def rotate_key(data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Bring every secret under a new master key; no value is entered anew. Servers and runs go on meanwhile.

    Exit code 1: some values could not be read, and stay as they were. Broken off, the same command goes on.
    """
    settings = read_settings(data_dir=data_dir, database_url=database_url)
    with opened_database(settings) as database:
        done = change_key(database, MasterKeys(settings))
    typer.echo("\n".join(_told(done)))
    for sentence in done.unreadable:
        typer.echo(sentence, err=True)
    if done.unreadable:
        raise typer.Exit(1)


def _told(done: Rotation) -> list[str]:
    told = [f"{done.values} values are under the master key {done.key_id[:12]} now."]
    if done.to_remove:
        told.append(f"Nothing needs the key {', '.join(done.to_remove)} any more: take it away where it was given.")
    else:
        told.append("The key before it is gone; keep a copy of the new one apart from your backups.")
    return told
