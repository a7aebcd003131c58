"""What time it is in the database."""

from datetime import datetime

from sqlalchemy import text

from macropod_server.db.engine import Database


def database_clock(database: Database) -> datetime | None:
    """None for SQLite, whose clock is this machine's."""
    if database.is_sqlite:
        return None
    with database.read() as session:
        told: datetime = session.connection().execute(text("SELECT clock_timestamp()")).scalar_one()
    return told
