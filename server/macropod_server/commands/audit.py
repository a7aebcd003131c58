"""The command `macropod-server audit`: it reads the database beside a running server and changes nothing."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from macropod_server.app import utc_now
from macropod_server.commands.options import DatabaseUrl, DataDir
from macropod_server.db.engine import Database
from macropod_server.db.migrate import HEAD, revision
from macropod_server.domain.errors import Unavailable
from macropod_server.flows.audit import UNSETTLED, Audit
from macropod_server.flows.audit import audit as compare_all
from macropod_server.settings import Settings
from macropod_server.settings_reading import read_settings

_PATIENCE_SECONDS = 600
_UNLESS_SAID = timedelta(days=1)


def audit(
    start: Annotated[
        str | None, typer.Option("--from", help="ISO 8601; in UTC unless it says otherwise. A day before --to.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="The same. A minute ago when left out.")] = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Reckon the calendar of all tasks anew and compare: each due moment one tick, each started tick one run.

    Exit code 0: everything is explained. 1: the list of what is not, or the audit was not possible. 2: wrong options.
    """
    now = utc_now()
    last = _read("--to", end) or now - UNSETTLED
    first = _read("--from", start) or last - _UNLESS_SAID
    settings = read_settings(data_dir=data_dir, database_url=database_url)
    database = _open(settings)
    found = compare_all(database, settings, start=first, end=last, now=now)
    database.close()
    typer.echo("\n".join(_lines(found)))
    raise typer.Exit(1 if found.unexplained else 0)


def _read(option: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is no moment; write it like 2026-03-02T12:00Z.", param_hint=option
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _open(settings: Settings) -> Database:
    """As it is: nothing is made or migrated."""
    address = settings.resolved_database_url
    file = address.removeprefix("sqlite:///")
    if file != address and not Path(file).exists():
        raise Unavailable(f"There is no database {file}. Name its folder with --data-dir, or give --database-url.")
    database = Database(address, statement_seconds=_PATIENCE_SECONDS)
    if (found := revision(database)) != HEAD:
        raise Unavailable(f"The database is at revision {found or 'none'}, this command reads revision {HEAD}.")
    return database


def _lines(found: Audit) -> list[str]:
    span = f"{found.ticks} ticks of {found.tasks} tasks from {_told(found.start)} to {_told(found.end)}"
    unit = "unexplained tick" if len(found.unexplained) == 1 else "unexplained ticks"
    lines = [f"{span}: {len(found.unexplained)} {unit}"]
    if found.undecided:
        lines.append(f"{found.undecided} more are due and wait for the engine to decide them.")
    return lines + [f"{each.task_id}  {_told(each.due_at)}  {each.what}" for each in found.unexplained]


def _told(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
