"""What runs were given of secrets and connections, and the texts that must not show in what they print."""

from datetime import datetime
from enum import StrEnum

from sqlmodel import Session, col, select, update

from macropod_server.db.tables import Given, Run
from macropod_server.domain.run import FINAL


class GivenKind(StrEnum):
    SECRET = "secret"
    CONNECTION = "connection"


_NOTHING = {"ciphertext": None, "wrapped_key": None, "key_id": None}


def of_run(session: Session, run_id: str) -> list[Given]:
    """By kind and name."""
    query = select(Given).where(col(Given.run_id) == run_id)
    return list(session.exec(query.order_by(col(Given.kind), col(Given.name))))


def versions(session: Session, run_id: str) -> dict[str, int | None]:
    """Of each secret the run was given, by its name."""
    return {each.name: each.version for each in of_run(session, run_id) if each.kind == GivenKind.SECRET}


def place_for(
    session: Session, run_id: str, kind: GivenKind, name: str, *, version: int | None, now: datetime
) -> Given:
    """The row of this run and thing, new where there is none; its value is to be kept in it."""
    found = session.get(Given, (run_id, kind.value, name))
    found = found or Given(run_id=run_id, kind=kind.value, name=name, given_at=now)
    found.version = version
    session.add(found)
    return found


def forget_values(session: Session, *run_ids: str) -> None:
    """Nothing of theirs is printed any more. What they were given is still told, by name and version."""
    session.execute(update(Given).where(col(Given.run_id).in_(run_ids)).values(**_NOTHING))


def forget_values_of_ended(session: Session) -> None:
    ended = select(col(Run.id)).where(col(Run.status).in_(FINAL))
    session.execute(update(Given).where(col(Given.run_id).in_(ended)).values(**_NOTHING))
