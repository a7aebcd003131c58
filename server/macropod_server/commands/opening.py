"""Open an installation that is there, as it is, beside a server that may be running on it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from macropod_server.app import build_deps, close_deps
from macropod_server.db.engine import Database
from macropod_server.db.migrate import HEAD, revision
from macropod_server.deps import Deps
from macropod_server.domain.errors import Conflict, NotFound
from macropod_server.installation import check_is_whole
from macropod_server.settings import Settings


@contextmanager
def opened(settings: Settings) -> Iterator[Deps]:
    """Nothing is made or migrated. Raises `NotFound`, or `Conflict` for a database of another version."""
    check_is_whole(settings)
    _check(settings)
    deps = build_deps(settings, is_to_spawn=False)
    try:
        yield deps
    finally:
        close_deps(deps)


@contextmanager
def opened_database(settings: Settings) -> Iterator[Database]:
    """The same, of the database alone."""
    check_is_whole(settings)
    _check(settings)
    database = Database(settings.resolved_database_url)
    try:
        yield database
    finally:
        database.close()


def say_where(deps: Deps) -> None:
    """Where containers, volumes and folders of runs were looked for: another spawner's are not seen."""
    typer.echo(f"This looks at the spawner {deps.spawner.name}; --spawner names another.", err=True)


def _check(settings: Settings) -> None:
    database = Database(_existing(settings))
    found = revision(database)
    database.close()
    if found != HEAD:
        raise Conflict(
            f"The database is at revision {found or 'none'}, this command works with {HEAD}. "
            "Use the command of the server's own version, or run `macropod-server migrate`."
        )


def _existing(settings: Settings) -> str:
    address = settings.resolved_database_url
    file = address.removeprefix("sqlite:///")
    if file != address and not Path(file).exists():
        raise NotFound(f"There is no database {file}. Name its folder with --data-dir, or give --database-url.")
    return address
