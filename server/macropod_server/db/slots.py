"""Places that runs hold: the one place of a task whose runs must not overlap, and those of named locks and pools.

A place is taken in the transaction that makes or claims the run, and freed when its container was seen gone.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, delete, select

from macropod_server.db.tables import Slot


def of_task(task_id: str) -> str:
    """The name of the one place of a task."""
    return f"task:{task_id}"


def of_lock(lock: str) -> str:
    """The name of the places of a lock or pool."""
    return f"lock:{lock}"


def take(session: Session, workspace_id: int, name: str, run_id: str, *, now: datetime, size: int = 1) -> bool:
    """Whether the run has a place of this name now; one it has already counts."""
    held = select(Slot.number, Slot.run_id).where(col(Slot.workspace_id) == workspace_id, col(Slot.name) == name)
    holders = dict(session.exec(held).all())
    if run_id in holders.values():
        return True
    has_room = len(holders) < size  # A pool that was made smaller may have more holders than places.
    free = (number for number in range(1, size + 1) if has_room and number not in holders)
    return any(
        take_all(session, [Slot(workspace_id=workspace_id, name=name, number=number, run_id=run_id, taken_at=now)])
        for number in free
    )


def take_all(session: Session, places: Sequence[Slot]) -> int:
    """How many of these places were free; they are taken. The others stay with those who have them."""
    if not places:
        return 0
    is_postgresql = session.connection().dialect.name == "postgresql"
    insert = postgresql.insert(Slot) if is_postgresql else sqlite.insert(Slot)
    rows = [place.model_dump() for place in places]
    taken = session.execute(insert.on_conflict_do_nothing().returning(col(Slot.run_id)), rows)
    return len(taken.all())


def free(session: Session, *run_ids: str) -> None:
    """Give back every place of these runs."""
    session.execute(delete(Slot).where(col(Slot.run_id).in_(run_ids)))


def holders(session: Session, workspace_id: int, names: Collection[str]) -> dict[str, list[str]]:
    """The runs that have a place of each of these names, by number of the place."""
    query = select(Slot.name, Slot.run_id).where(col(Slot.workspace_id) == workspace_id, col(Slot.name).in_(names))
    found: dict[str, list[str]] = defaultdict(list)
    for name, run_id in session.exec(query.order_by(col(Slot.name), col(Slot.number))):
        found[name].append(run_id)
    return dict(found)
