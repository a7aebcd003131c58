"""Which master key values are encrypted with from now on, and the rows that hold such values."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlmodel import Session, col, select, update

from macropod_server.db import locks
from macropod_server.db.tables import Connection, Given, Installation, Secret, SecretVersion
from macropod_server.domain.envelope import Sealed, Subject

_MATTER = "master key"
Holder = SecretVersion | Connection | Given

_TABLES: tuple[type[Any], ...] = (SecretVersion, Connection, Given)


def current(session: Session) -> str | None:
    """None until a server that has one has started."""
    return session.exec(select(Installation.master_key_id)).first()


def current_for_writing(session: Session) -> str | None:
    """The same, and it stays until the transaction ends: nothing is encrypted with a key that is on its way out."""
    locks.together(session, _MATTER)
    return current(session)


def take(session: Session, row: Installation, key_ids: Sequence[str], *, is_sole: bool) -> bool:
    """False when servers of this installation have another key. The first one of a sole server becomes the new one."""
    if row.master_key_id is None or (is_sole and row.master_key_id not in key_ids):
        row.master_key_id = next(iter(key_ids), row.master_key_id)
        session.add(row)
    return row.master_key_id is None or row.master_key_id in key_ids or is_sole


def change(session: Session, key_id: str) -> None:
    """Waits until nobody is about to store what is encrypted with the one before."""
    locks.alone(session, _MATTER)
    session.execute(update(Installation).values(master_key_id=key_id))


def not_under(session: Session, key_id: str, *, limit: int, but: set[Any]) -> list[tuple[Holder, Subject]]:
    """Rows whose values are under another key; `but` are the keys of those to leave."""
    found: list[tuple[Holder, Subject]] = []
    for table in _TABLES:
        query = select(table).where(col(table.key_id) != key_id).limit(limit + len(but))
        held = session.exec(query.with_for_update())
        found += [(row, _subject(session, row)) for row in held if place_of(row) not in but]
    return found[:limit]


def place_of(row: Holder) -> tuple[Any, ...]:
    """By which a row is known among all that hold a value."""
    match row:
        case SecretVersion():
            return (row.secret_id, row.number)
        case Connection():
            return (row.id,)
    return (row.run_id, row.kind, row.name)


def rewrap(session: Session, row: Holder, sealed: Sealed) -> None:
    row.keep(sealed)
    session.add(row)


def in_use(session: Session) -> set[str]:
    """Every key that a value needs."""
    return set(_in_use(session))


def _in_use(session: Session) -> Iterator[str]:
    for table in _TABLES:
        yield from (each for each in session.exec(select(table.key_id).distinct()) if each is not None)


def _subject(session: Session, row: Holder) -> Subject:
    if isinstance(row, SecretVersion):
        return session.get_one(Secret, row.secret_id).subject(row.number)
    return row.subject()
