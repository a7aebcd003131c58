"""Bring the database to the newest revision of the tables."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import Connection, Engine, event, inspect, text
from sqlalchemy.exc import OperationalError

from macropod_server.db.engine import Database, DatabaseUnavailable, translated_errors
from macropod_server.domain.errors import Conflict, Unavailable
from macropod_server.domain.revisions import Fit, fit
from macropod_server.sql.errors import is_locked

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0012"
"""The newest revision under `alembic/versions`."""

_LOCK = 7_063_672
_TABLE_SECONDS = 1
"""How long to wait for a table: all that servers ask of it meanwhile waits behind this migration."""
_PAUSE_SECONDS = 4
_TRIES = 60

_IN_CHECKOUT = Path(__file__).parents[3] / "alembic"
_IN_PACKAGE = Path(__file__).parents[1] / "migrations"


def revision(database: Database) -> str | None:
    """The revision the database is at; None for an empty one."""
    with translated_errors(), database.engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def check_revision(database: Database) -> None:
    """Raises `Unavailable` where the database is to be migrated first, `Conflict` where this version is too old."""
    found = revision(database)
    match fit(found, own=HEAD):
        case Fit.BEHIND:
            raise Unavailable(
                f"The database is at revision {found or 'none'}, this server needs {HEAD}. "
                "Run `macropod-server migrate`."
            )
        case Fit.TOO_NEW:
            raise _too_new(found)


def _too_new(found: str | None) -> Conflict:
    return Conflict(
        f"The database is at revision {found}, which servers that know no more than {HEAD} do not work with any more. "
        "Use the version that made it, or a newer one."
    )


def engine_for_migrations(database: Database) -> Engine:
    """A revision may take its time over large tables, and SQLite may make a table anew that others refer to."""
    engine = database.beside(statement_seconds=None).engine
    if database.is_sqlite:
        event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA foreign_keys=OFF"))
    return engine.execution_options(sqlite_begin="IMMEDIATE")


@contextmanager
def migrating(connection: Connection) -> Iterator[None]:
    """Another migration waits, and finds its work done. What refers to nothing after it lets it fail."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})
        connection.execute(text(f"SET LOCAL lock_timeout = '{_TABLE_SECONDS}s'"))
        yield
        return
    yield
    if broken := connection.execute(text("PRAGMA foreign_key_check")).all():
        raise Conflict(f"The migration would leave {len(broken)} rows that refer to nothing, such as {broken[0]}.")


def revisions() -> list[str]:
    """All revisions this version knows, oldest first."""
    from alembic.script import ScriptDirectory

    known = ScriptDirectory.from_config(_config()).walk_revisions()
    return [each.revision for each in known][::-1]


def migrate(
    database: Database, *, to: str = HEAD, tries: int = _TRIES, pause: Callable[[float], None] = time.sleep
) -> None:
    """Apply what is missing, all of it or nothing. Harmless when nothing is; may be repeated after a crash.

    A newer database that this version works with stays as it is. Raises `Conflict` for one that is too new, and
    `Unavailable` when somebody, such as a backup, keeps a table for minutes.
    """
    match fit(found := revision(database), own=to):
        case Fit.SAME | Fit.AHEAD:
            return
        case Fit.TOO_NEW:
            raise _too_new(found)
    engine = engine_for_migrations(database)
    try:
        with translated_errors():
            _upgrade(engine, to, tries=tries, pause=pause)
    finally:
        engine.dispose()


def _upgrade(engine: Engine, to: str, *, tries: int, pause: Callable[[float], None]) -> None:
    # Loaded only when there is something to do: it costs every idle server memory otherwise.
    from alembic import command

    config = _config()
    config.attributes["engine"] = engine
    for _ in range(tries):
        try:
            command.upgrade(config, to)
            return
        except OperationalError as error:
            if not is_locked(error):
                raise
            structlog.get_logger().warning("migration_waits", reason="another transaction keeps a table locked")
        pause(_PAUSE_SECONDS)
    raise DatabaseUnavailable(
        "A table was in use for minutes, as by a backup that is being made; nothing was changed. Migrate after it."
    )


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_IN_CHECKOUT if _IN_CHECKOUT.is_dir() else _IN_PACKAGE))
    return config
