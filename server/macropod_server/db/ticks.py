"""Ticks in the database: one row per due moment of a task, whatever became of it."""

from collections.abc import Sequence

from sqlmodel import Session, insert

from macropod_server.db.tables import Tick


def add(session: Session, ticks: Sequence[Tick]) -> None:
    session.execute(insert(Tick), [tick.model_dump(exclude={"id"}) for tick in ticks])
