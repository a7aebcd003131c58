"""Counts what a database is asked."""

from contextlib import contextmanager

from sqlalchemy import event


@contextmanager
def counted(deps):
    """A list of the statements that are run meanwhile."""
    asked = []

    def note(_connection, _cursor, statement, *_):
        asked.append(statement)

    event.listen(deps.database.engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(deps.database.engine, "before_cursor_execute", note)
