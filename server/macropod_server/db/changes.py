"""How many rows a statement has changed."""

from typing import Any

from sqlalchemy import CursorResult
from sqlmodel import Session


def changed(session: Session, statement: Any) -> int:
    done = session.execute(statement)
    assert isinstance(done, CursorResult)
    return done.rowcount
