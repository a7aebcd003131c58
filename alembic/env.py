"""How alembic reaches the database: by the engine it is handed, else by MACROPOD_DATABASE_URL."""

import os
from typing import Any, Literal

from macropod_server.db import tables
from macropod_server.db.columns import UtcDateTime, Word
from macropod_server.db.engine import Database
from macropod_server.db.migrate import engine_for_migrations, migrating
from sqlalchemy import Engine
from sqlmodel.sql.sqltypes import AutoString

from alembic import context

PLAIN = {UtcDateTime: "sa.DateTime(timezone=True)", Word: "sa.String(length=40)", AutoString: "sa.String()"}


def render_item(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Revisions name plain types, so that they mean the same when the code around them has changed."""
    return PLAIN.get(type(item), False) if kind == "type" else False


def given_engine() -> Engine:
    handed: Engine | None = context.config.attributes.get("engine")
    return handed or engine_for_migrations(Database(os.environ["MACROPOD_DATABASE_URL"]))


with given_engine().begin() as connection, migrating(connection):
    context.configure(
        connection=connection,
        target_metadata=tables.SQLModel.metadata,
        render_as_batch=True,
        render_item=render_item,
    )
    context.run_migrations()
