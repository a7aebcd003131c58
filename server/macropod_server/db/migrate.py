"""Bring the database to the newest revision of the tables."""

from pathlib import Path

from sqlalchemy import inspect, text

from macropod_server.db.engine import Database, translated_errors

HEAD = "0002"
"""The newest revision under `alembic/versions`."""

_IN_CHECKOUT = Path(__file__).parents[3] / "alembic"
_IN_PACKAGE = Path(__file__).parents[1] / "migrations"


def revision(database: Database) -> str | None:
    """The revision the database is at; None for an empty one."""
    with translated_errors(), database.engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def migrate(database: Database) -> None:
    """Apply what is missing. Harmless when nothing is; may be repeated after it was interrupted."""
    if revision(database) == HEAD:
        return
    # Loaded only when there is something to do: it costs every idle server memory otherwise.
    from alembic.config import Config

    from alembic import command

    config = Config()
    config.set_main_option("script_location", str(_IN_CHECKOUT if _IN_CHECKOUT.is_dir() else _IN_PACKAGE))
    config.attributes["engine"] = database.engine
    command.upgrade(config, "head")
