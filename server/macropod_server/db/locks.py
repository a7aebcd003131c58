"""What keeps transactions of several servers from running into each other.

Row locks are for PostgreSQL: on SQLite only one transaction writes at a time.
"""

import hashlib

from sqlmodel import Session, func, select

ROW = {"key_share": True}
"""Lock a row against other writers. Rows that only refer to it may be made meanwhile."""


def alone(session: Session, matter: str) -> None:
    """Wait until no other transaction is at the same matter; nobody else gets to it before this one has ended."""
    connection = session.connection()  # On SQLite the transaction begins here, alone at everything.
    if connection.dialect.name == "postgresql":
        session.exec(select(func.pg_advisory_xact_lock(_number(matter))))


def alone_now(session: Session, matter: str) -> bool:
    """As `alone`, but False at once when another transaction is at it."""
    if session.connection().dialect.name != "postgresql":
        return True
    is_free: bool = session.exec(select(func.pg_try_advisory_xact_lock(_number(matter)))).one()
    return is_free


def together(session: Session, matter: str) -> None:
    """Be at the matter beside all others that are so; those who want it alone wait until these have ended."""
    if session.connection().dialect.name == "postgresql":
        session.exec(select(func.pg_advisory_xact_lock_shared(_number(matter))))


def _number(matter: str) -> int:
    return int.from_bytes(hashlib.sha256(matter.encode()).digest()[:8], signed=True)
