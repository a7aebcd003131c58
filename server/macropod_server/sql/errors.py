"""What goes wrong with a SQL database, told apart. Imported by those who keep something in one."""

import sqlite3
from typing import Any

from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

_POSTGRESQL_FULL = "53100"
_POSTGRESQL_LOCKED = "55P03"


def is_away(error: Exception) -> bool:
    """It does not answer, is busy, read-only, full, or has broken off: nothing is said about what was asked."""
    if isinstance(error, OperationalError | InterfaceError | InternalError | PoolTimeout):
        return True
    # The driver's own base class: a damaged SQLite file, or one that is none.
    return isinstance(error, DBAPIError) and (error.connection_invalidated or type(error) is DatabaseError)


def is_full(error: Exception) -> bool:
    cause: Any = getattr(error, "orig", None)
    is_sqlite_full = getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    return is_sqlite_full or getattr(cause, "sqlstate", None) == _POSTGRESQL_FULL


def is_locked(error: BaseException | None) -> bool:
    """Somebody else kept a lock for longer than this connection waits for one."""
    return getattr(getattr(error, "orig", None), "sqlstate", None) == _POSTGRESQL_LOCKED


def first_line(error: Exception) -> str:
    cause = error.orig if isinstance(error, DBAPIError) else error
    return str(cause).partition("\n")[0]
