"""How many runs may hold a lock at once, and who does."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from macropod_server.db import locks, slots
from macropod_server.db.tables import Pool, Run, Slot, Task
from macropod_server.domain.errors import NotFound

ONE = 1
"""How many may hold a lock that nobody gave a size."""


@dataclass(frozen=True)
class Place:
    number: int
    run_id: str
    task_id: str | None
    task_name: str | None
    taken_at: datetime


@dataclass(frozen=True)
class HeldPool:
    """`held_by` may be longer than `size` for a while: a pool made smaller takes no place away."""

    name: str
    size: int
    held_by: Sequence[Place]


def find(session: Session, workspace_id: int) -> list[HeldPool]:
    """Those that were given a size and those that are held now, by name."""
    sizes = dict(session.exec(select(Pool.name, Pool.size).where(col(Pool.workspace_id) == workspace_id)).all())
    places = _places(session, workspace_id)
    return [HeldPool(name, sizes.get(name, ONE), places.get(name, [])) for name in sorted({*sizes, *places})]


def get(session: Session, workspace_id: int, name: str) -> HeldPool:
    """Any name is a pool: of one place, unless it was given a size."""
    pool = session.get(Pool, (workspace_id, name))
    return HeldPool(name, pool.size if pool else ONE, _places(session, workspace_id, name).get(name, []))


def set_size(session: Session, workspace_id: int, name: str, size: int) -> None:
    locks.alone(session, f"pool {name} of workspace {workspace_id}")
    session.merge(Pool(workspace_id=workspace_id, name=name, size=size))


def forget(session: Session, workspace_id: int, name: str) -> None:
    pool = session.get(Pool, (workspace_id, name))
    if pool is None:
        raise NotFound(
            f"No pool {name!r} was given a size in this workspace. `macropod pool list` shows those there are."
        )
    session.delete(pool)


def _places(session: Session, workspace_id: int, name: str | None = None) -> dict[str, list[Place]]:
    is_wanted = (
        col(Slot.name) == slots.of_lock(name)
        if name is not None
        else col(Slot.name).startswith(slots.of_lock(""), autoescape=True)
    )
    query = (
        select(Slot, Run.task_id, Task.name)
        .join(Run, col(Run.id) == col(Slot.run_id))
        .outerjoin(Task, col(Task.id) == col(Run.task_id))
        .where(col(Slot.workspace_id) == workspace_id, is_wanted)
        .order_by(col(Slot.name), col(Slot.number))
    )
    places: dict[str, list[Place]] = {}
    for slot, task_id, task_name in session.exec(query):
        lock = slot.name.removeprefix(slots.of_lock(""))
        places.setdefault(lock, []).append(Place(slot.number, slot.run_id, task_id, task_name, slot.taken_at))
    return places
