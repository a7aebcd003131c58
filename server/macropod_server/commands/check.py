"""The command `macropod-server check`: what a server with these settings needs, tried one by one."""

import json
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Annotated
from urllib.error import HTTPError
from urllib.request import urlopen

import typer

from macropod_server.adapters import choose_spawner, choose_storage
from macropod_server.app import utc_now
from macropod_server.commands.options import DatabaseUrl, DataDir
from macropod_server.db.access import known_installation
from macropod_server.db.clock import database_clock
from macropod_server.db.engine import Database
from macropod_server.db.migrate import HEAD, revision
from macropod_server.db.tables import Installation
from macropod_server.domain.check_up import Finding, judge_call, judge_revision
from macropod_server.domain.envelope import short
from macropod_server.domain.errors import MacropodError, Unavailable
from macropod_server.domain.naming import new_id, run_token
from macropod_server.flows.check_up import check_clock, check_spawner, check_storage, make_first_call
from macropod_server.installation import has_key, run_key
from macropod_server.master_keys import MasterKeys
from macropod_server.settings import Settings
from macropod_server.settings_reading import read_settings
from macropod_server.spawners.base import Limits, Order, Spawner, SpawnerUnavailable

AsJson = Annotated[bool, typer.Option("--json", help="For programs: a list of check, ok and message.")]
Wait = Annotated[float, typer.Option(min=1, help="Seconds the container that is tried may take to start.")]

_HERE_SECONDS = 3
_MODEST = Limits(memory_bytes=256 * 1024**2, cpus=0.5, pids=64)
"""What a runner takes that makes one call: it is to find room where a run would."""

Findings = Generator[Finding, None, Installation | None]


def check(wait: Wait = 60, as_json: AsJson = False, data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Try what a server with these settings needs: each line is ok, or says what to do. Best while a server runs.

    Exit code 0: all is well. 1: something is to be done. A container is started and removed; no row is changed.
    """
    settings = read_settings(data_dir=data_dir, database_url=database_url)
    found = []
    for each in _findings(settings, start_seconds=wait):
        found.append(each)
        if not as_json:
            typer.echo(f"{'ok' if each.is_fine else 'TO DO':<6} {each.about:<13} {each.told}")
    if as_json:
        typer.echo(json.dumps([{"check": each.about, "ok": each.is_fine, "message": each.told} for each in found]))
    raise typer.Exit(0 if all(each.is_fine for each in found) else 1)


def _findings(settings: Settings, *, start_seconds: float) -> Iterator[Finding]:
    # Before the storage makes it, which would leave it open to everybody.
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    installation = yield from _database(settings)
    yield from _storage(settings)
    yield from _runs(settings, installation, start_seconds=start_seconds)


def _database(settings: Settings) -> Findings:
    """Returns the installation, where there is one and this server has its key."""
    file = settings.resolved_database_url.removeprefix("sqlite:///")
    if settings.is_embedded and not Path(file).exists():
        yield Finding("database", False, f"There is no database {file} yet. Start the server, which makes it.")
        return None
    try:
        database = Database(settings.resolved_database_url)
    except MacropodError as error:
        yield Finding("database", False, error.message)
        return None
    with closing(database):
        return (yield from _open_database(settings, database))


def _open_database(settings: Settings, database: Database) -> Findings:
    try:
        finding = judge_revision(revision(database), own=HEAD, is_sqlite=database.is_sqlite)
    except MacropodError as error:
        yield Finding("database", False, error.message)
        return None
    yield finding
    yield from check_clock("database", lambda: database_clock(database), clock=utc_now)
    return (yield from _installation(settings, database)) if finding.is_fine else None


def _installation(settings: Settings, database: Database) -> Findings:
    with database.read() as session:
        found = known_installation(session)
    if found is None:
        yield Finding("installation", False, "No server has started on this database yet. Start one and check again.")
    elif not has_key(settings, found.key_digest):
        told = f"This is not the key of installation {found.installation_id}, so runs could not call this server."
        yield Finding("installation", False, f"{told} Set MACROPOD_SECRET_KEY as its other servers have it.")
    else:
        yield Finding("installation", True, f"{found.installation_id}, and this server has its key.")
        yield from _master_key(settings, found)
        return found
    return None


def _master_key(settings: Settings, found: Installation) -> Iterator[Finding]:
    """Told only where it is not well: most installations have no secrets."""
    try:
        has_it = found.master_key_id is None or found.master_key_id in MasterKeys(settings).ring().keys
    except MacropodError as error:
        yield Finding("secrets", False, error.message)
        return
    if not has_it:
        told = f"They are encrypted with the master key {short(found.master_key_id or '')}, which is not here."
        yield Finding("secrets", False, f"{told} Set MACROPOD_MASTER_KEY as its other servers have it.")


def _storage(settings: Settings) -> Iterator[Finding]:
    try:
        storage = choose_storage(settings)
    except MacropodError as error:
        yield Finding("storage", False, error.message)
        return
    yield check_storage(storage)
    yield from check_clock("storage", storage.clock, clock=utc_now)


def _runs(settings: Settings, installation: Installation | None, *, start_seconds: float) -> Iterator[Finding]:
    try:
        spawner = choose_spawner(settings, installation.installation_id if installation else new_id())
    except (MacropodError, SpawnerUnavailable) as error:
        yield Finding("spawner", False, error.message)
        return
    with closing(spawner):
        trials = list(check_spawner(spawner))
        yield from trials
        if installation is None or not all(each.is_fine for each in trials):
            yield Finding("address", False, "Not tried: that takes what is to be done above.")
        else:
            yield _address(settings, spawner, start_seconds=start_seconds)


def _address(settings: Settings, spawner: Spawner, *, start_seconds: float) -> Finding:
    if not (settings.port or settings.runner_url):
        return Finding("address", False, "Not tried: MACROPOD_PORT is 0. Give it the port on which the server listens.")
    try:
        url = spawner.server_url()
    except Unavailable as error:
        return Finding("address", False, error.message)
    call = make_first_call(spawner, _order(settings), start_seconds=start_seconds, pause=time.sleep)
    return judge_call(url, call, answers_here=_answers_here(url))


def _order(settings: Settings) -> Order:
    """Of a run that is in no table."""
    run_id = new_id()
    return Order(run_id, None, 1, "run", run_token(run_id, key=run_key(settings)), _MODEST)


def _answers_here(url: str) -> bool:
    """Whatever the answer is."""
    try:
        with urlopen(f"{url}/health/live", timeout=_HERE_SECONDS):
            return True
    except HTTPError as error:
        error.close()
        return True
    except (OSError, ValueError):
        return False
