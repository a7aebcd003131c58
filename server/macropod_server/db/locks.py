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
        number = int.from_bytes(hashlib.sha256(matter.encode()).digest()[:8], signed=True)
        session.exec(select(func.pg_advisory_xact_lock(number)))
