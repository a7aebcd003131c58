"""Which queued run may be claimed next, and what it takes when it is. To be asked by one transaction at a time."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, exists, false
from sqlalchemy import select as select_facts
from sqlmodel import Session, and_, col, func, not_, or_, select

from macropod_server.db import slots
from macropod_server.db.runs import is_not_put_off, is_of
from macropod_server.db.tables import Orchestration, Pool, Run, Slot, Task, Workspace
from macropod_server.domain.run import ACTIVE, RunKind, RunStatus
from macropod_server.domain.task import OrchestrationStatus, Overlap, TaskKind, TaskStatus
from macropod_server.domain.waiting import Concurrency, Crowd

RESERVED_AFTER = timedelta(minutes=5)
"""A run that has waited for several locks for so long has them kept free for it, one after the other."""


@dataclass(frozen=True)
class Waiting:
    """A run that waits for something that may take too long. Time in a pause, or before its turn, does not count."""

    id: str
    status: RunStatus
    lease: int
    put_off_until: datetime | None
    delayed_since: datetime | None
    limit_seconds: int | None
    is_paused: bool | None

    def is_in_line(self, now: datetime) -> bool:
        is_put_off = self.put_off_until is not None and self.put_off_until > now and self.delayed_since is None
        return self.status is RunStatus.QUEUED and not self.is_paused and not is_put_off


def next_startable(session: Session, most: Concurrency, *, spawner: str, now: datetime) -> Run | None:
    """The oldest queued run that may start now and finds a place in each of its locks."""
    crowd = active(session)
    if crowd.server >= most.server:
        return None
    can_go = _may_go(crowd, most, spawner, now=now)
    is_blocked = _needs_any(session, full_locks(session))
    finds_places: ColumnElement[bool] = not_(is_blocked)
    if patient := _oldest_blocked(session, can_go, is_blocked, now=now):
        is_younger = col(Run.created_at) > patient.created_at
        finds_places = and_(finds_places, not_(and_(is_younger, _shares_lock(session, patient))))
    first: Run | None = session.exec(_in_line(can_go, finds_places).limit(1)).first()
    return first


def kept_for(session: Session, most: Concurrency, *, spawner: str, now: datetime) -> Run | None:
    """The run that has waited long for several locks: those of them that are free are kept so for it."""
    can_go = _may_go(active(session), most, spawner, now=now)
    return _oldest_blocked(session, can_go, _needs_any(session, full_locks(session)), now=now)


def take_places(session: Session, run: Run, task: Task | None, *, now: datetime) -> bool:
    """Take all the places `next_startable` has found free. False, and none taken, when the run was overtaken."""
    if task is None:
        return True
    name = slots.of_task(task.id)
    if runs_one_at_a_time(task) and not slots.take(session, run.workspace_id, name, run.id, now=now):
        return False
    sizes = pool_sizes(session, run.workspace_id) if task.locks else {}
    for lock in sorted(task.locks):
        slots.take(session, run.workspace_id, slots.of_lock(lock), run.id, now=now, size=sizes.get(lock, 1))
    return True


def waiting(session: Session) -> list[Waiting]:
    """Every started run, and of the queued ones those whose time in the queue is limited or whose start is delayed."""
    is_paused = or_(col(Workspace.paused_at).is_not(None), col(Task.status) == TaskStatus.PAUSED)
    has_limit = or_(col(Task.queue_timeout_seconds).is_not(None), col(Run.delayed_since).is_not(None))
    facts: tuple[Any, ...] = (Run.id, Run.status, Run.lease, Run.put_off_until, Run.delayed_since)
    query = (
        select_facts(*facts, col(Task.queue_timeout_seconds), is_paused)
        .join(Workspace, col(Workspace.id) == col(Run.workspace_id))
        .outerjoin(Task, col(Task.id) == col(Run.task_id))
        .where(or_(col(Run.status).in_(ACTIVE), and_(col(Run.status) == RunStatus.QUEUED, has_limit)))
    )
    return [Waiting(*row) for row in session.execute(query)]


def runs_one_at_a_time(task: Task) -> bool:
    return task.overlap is not Overlap.ALLOW or task.kind is TaskKind.RUN_CONTINUOUSLY


def active(session: Session) -> Crowd:
    started = session.exec(select(Run.workspace_id, Run.task_id).where(col(Run.status).in_(ACTIVE))).all()
    by_task = Counter(task_id for _, task_id in started if task_id)
    return Crowd(len(started), Counter(workspace_id for workspace_id, _ in started), by_task)


def pool_sizes(session: Session, workspace_id: int) -> dict[str, int]:
    """Of those pools that were given one; any other is held by one run."""
    return dict(session.exec(select(Pool.name, Pool.size).where(col(Pool.workspace_id) == workspace_id)).all())


def full_locks(session: Session) -> dict[int, set[str]]:
    """By workspace, the locks that have no free place."""
    held = (
        select(Slot.workspace_id, Slot.name, func.count())
        .where(col(Slot.name).startswith(slots.of_lock(""), autoescape=True))
        .group_by(col(Slot.workspace_id), col(Slot.name))
    )
    sizes = {(pool.workspace_id, slots.of_lock(pool.name)): pool.size for pool in session.exec(select(Pool))}
    full: dict[int, set[str]] = defaultdict(set)
    for workspace_id, name, count in session.execute(held):
        if count >= sizes.get((workspace_id, name), 1):
            full[workspace_id].add(name.removeprefix(slots.of_lock("")))
    return full


def _in_line(*conditions: ColumnElement[bool]) -> Any:
    query = (
        select(Run)
        .join(Orchestration, col(Orchestration.id) == col(Run.orchestration_id))
        .join(Workspace, col(Workspace.id) == col(Run.workspace_id))
        .outerjoin(Task, col(Task.id) == col(Run.task_id))
        .where(col(Run.status) == RunStatus.QUEUED, *conditions)
    )
    return query.order_by(col(Run.created_at), col(Run.id))


def _oldest_blocked(
    session: Session, can_go: ColumnElement[bool], is_blocked: ColumnElement[bool], *, now: datetime
) -> Run | None:
    found: Run | None = session.exec(_in_line(can_go, is_blocked, _waits_for_several(now)).limit(1)).first()
    return found


def _may_go(crowd: Crowd, most: Concurrency, spawner: str, *, now: datetime) -> ColumnElement[bool]:
    """Whatever it needs but locks. Packaging is nobody's task, so no pause holds it up."""
    is_task_ready = and_(
        col(Orchestration.status) == OrchestrationStatus.READY,
        col(Workspace.paused_at).is_(None),
        col(Task.status) != TaskStatus.PAUSED,
        col(Run.task_id).not_in(_at_least(most.task, crowd.by_task)),
        not_(_is_held_by_another(slots.of_task("") + col(Run.task_id))),
    )
    return and_(
        is_of(spawner),
        is_not_put_off(now),
        col(Run.workspace_id).not_in(_at_least(most.workspace, crowd.by_workspace)),
        or_(col(Run.kind) == RunKind.PACKAGING, is_task_ready),
    )


def _is_held_by_another(name: Any) -> ColumnElement[bool]:
    is_this = (col(Slot.workspace_id) == col(Run.workspace_id), col(Slot.name) == name)
    return exists().where(*is_this, col(Slot.run_id) != col(Run.id))


def _needs_any(session: Session, locks: Mapping[int, Iterable[str]]) -> ColumnElement[bool]:
    """Whether the run waits for one of these. One that was claimed before has kept all its places."""
    needed = [
        and_(col(Run.workspace_id) == workspace_id, _names_any(session, names)) for workspace_id, names in locks.items()
    ]
    return and_(col(Run.lease) == 0, or_(false(), *needed))


def _shares_lock(session: Session, other: Run) -> ColumnElement[bool]:
    task = session.get(Task, other.task_id)
    return _needs_any(session, {other.workspace_id: task.locks if task else []})


def _waits_for_several(now: datetime) -> ColumnElement[bool]:
    has_several = func.json_array_length(Task.locks) > 1
    return and_(has_several, col(Run.created_at) <= now - RESERVED_AFTER)


def _names_any(session: Session, locks: Iterable[str]) -> ColumnElement[bool]:
    is_sqlite = session.connection().dialect.name == "sqlite"
    elements = func.json_each if is_sqlite else func.json_array_elements_text
    named = elements(Task.locks).table_valued("value")
    return select(1).select_from(named).where(named.c.value.in_(sorted(locks))).correlate(Task).exists()


def _at_least(limit: int, counts: Mapping[Any, int]) -> list[Any]:
    return [member for member, count in counts.items() if count >= limit]
