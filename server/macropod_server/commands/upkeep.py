"""The commands `macropod-server usage` and `clean`: what an installation takes, and what of it nobody needs."""

import json
from collections.abc import Sequence
from typing import Annotated

import typer

from macropod_server.app import utc_now
from macropod_server.commands import table
from macropod_server.commands.opening import opened, say_where
from macropod_server.commands.options import DatabaseUrl, DataDir, SpawnerName
from macropod_server.flows.clean import clean as clean_now
from macropod_server.flows.clean import would_clean
from macropod_server.flows.retain import Removed
from macropod_server.flows.usage import Use
from macropod_server.flows.usage import usage as usage_of
from macropod_server.settings_reading import read_settings

AsJson = Annotated[bool, typer.Option("--json", help="For programs: a list of kind, count and bytes.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Tell what would go, and remove nothing.")]


def usage(
    as_json: AsJson = False, data_dir: DataDir = None, database_url: DatabaseUrl = None, spawner: SpawnerName = None
) -> None:
    """What is stored: how many of each kind, and the bytes they take. A server may run meanwhile."""
    with opened(read_settings(data_dir=data_dir, database_url=database_url, spawner=spawner)) as deps:
        say_where(deps)
        found = usage_of(deps)
    _tell(found.uses, found.troubles, as_json=as_json)


def clean(
    dry_run: DryRun = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    spawner: SpawnerName = None,
) -> None:
    """Remove at once what the settings do not keep, and what is left over. A server does so by itself, in small steps.

    Exit code 1: something could not be looked at.
    """
    with opened(read_settings(data_dir=data_dir, database_url=database_url, spawner=spawner)) as deps:
        say_where(deps)
        done = would_clean(deps, now=utc_now()) if dry_run else clean_now(deps, now=utc_now())
    _tell(done.removed, done.troubles, as_json=as_json)
    if not as_json:
        typer.echo(_said_of(done.removed, is_dry=dry_run))


def _said_of(removed: Sequence[Removed], *, is_dry: bool) -> str:
    if not any(each.count for each in removed):
        return "There was nothing to remove."
    return "Nothing was removed; without --dry-run this would be." if is_dry else "This was removed."


def _tell(items: Sequence[Use | Removed], troubles: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps([{"kind": each.kind, "count": each.count, "bytes": each.bytes} for each in items]))
    else:
        rows = [(each.kind, f"{each.count:,}", table.size(each.bytes)) for each in items]
        typer.echo("\n".join(table.lines(("kind", "count", "bytes"), rows)))
    for trouble in troubles:
        typer.echo(trouble, err=True)
    if troubles:
        raise typer.Exit(1)
