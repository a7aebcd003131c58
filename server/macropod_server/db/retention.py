"""What may go by age or by number: found in small portions, and removed with all that belongs to it."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select
from sqlalchemy.orm import aliased
from sqlmodel import Session, and_, col, delete, func, or_, select, tuple_, update

from macropod_server.db import orchestrations
from macropod_server.db.changes import changed
from macropod_server.db.tables import (
    AuditEntry,
    Environment,
    Event,
    Given,
    IdempotencyKey,
    Orchestration,
    Run,
    RunEvent,
    RunLog,
    Slot,
    Task,
    Tick,
)
from macropod_server.domain.continuity import LOOKED_BACK
from macropod_server.domain.retention import Bound
from macropod_server.domain.run import FINAL
from macropod_server.domain.task import TaskKind, TaskStatus

_RUN_REMOVED = "Its run was removed by retention."


@dataclass(frozen=True)
class Rules:
    """How long each kind is kept. Runs and ticks are counted by task, all others together."""

    runs: Bound
    tasks: Bound
    ticks: Bound
    events: Bound
    environments: Bound
    deleted: Bound
    idempotency: Bound
    audit: Bound


def expired_runs(session: Session, rules: Rules, *, limit: int) -> list[str]:
    """Ended runs whose container is gone, but those that are pinned. Of a task that is not over the newest run always
    stays, and so does what the next attempt, or the next run of a continuous task, depends on."""
    return _first_of(session, _expired_runs(session, rules), limit)


def _expired_runs(session: Session, rules: Rules) -> Iterator[Select[Any]]:
    gone = (col(Run.status).in_(FINAL), col(Run.removed_at).is_not(None), col(Run.pinned_at).is_(None))
    ended = select(col(Run.id)).where(*gone, ~_is_tried_again())
    of_tasks = ended.join(Task, col(Task.id) == col(Run.task_id))
    is_last = col(Task.last_run_id).is_not_distinct_from(col(Run.id))
    if rules.runs.since is not None:
        is_old = (col(Run.created_at) < rules.runs.since, col(Run.ended_at) < rules.runs.since)
        yield of_tasks.where(*is_old, ~is_last)
        yield ended.where(*is_old, col(Run.task_id).is_(None), ~tells_of_packaging())
    if rules.runs.most is not None:
        for is_surplus in _surplus_runs(session, rules.runs.most):
            yield of_tasks.where(is_surplus, ~is_last)
    yield from (of_tasks.where(each) for each in _are_over(rules))


def _stays() -> ColumnElement[bool]:
    return or_(col(Run.removed_at).is_(None), col(Run.pinned_at).is_not(None))


def _is_tried_again() -> ColumnElement[bool]:
    """A later attempt has not ended; how many more there may be is reckoned from all before it."""
    later = aliased(Run)
    is_its = later.first_run_id == func.coalesce(col(Run.first_run_id), col(Run.id))
    return select(later.id).where(is_its, col(later.status).not_in(FINAL)).exists()


def _surplus_runs(session: Session, most: int) -> Iterator[ColumnElement[bool]]:
    """A continuous task keeps as many as its pauses and its health are reckoned from."""
    if most >= LOOKED_BACK:
        yield from _beyond(session, Run, "created_at", most)
        return
    is_continuous = col(Task.kind) == TaskKind.RUN_CONTINUOUSLY
    yield from (and_(~is_continuous, each) for each in _beyond(session, Run, "created_at", most))
    for each in _beyond(session, Run, "created_at", LOOKED_BACK):
        yield and_(is_continuous, each)


def tells_of_packaging() -> ColumnElement[bool]:
    """The log of this run says how an orchestration that is still there was packaged."""
    is_its = (col(Orchestration.packaging_run_id) == col(Run.id), col(Orchestration.deleted_at).is_(None))
    return select(Orchestration.id).where(col(Orchestration.id) == col(Run.orchestration_id), *is_its).exists()


def _are_over(rules: Rules) -> Iterator[ColumnElement[bool]]:
    """Tasks of which nothing more is to come, for long enough or behind enough others."""
    is_over = and_(col(Task.active).is_(False), col(Task.status) != TaskStatus.PENDING_KILL)
    if rules.tasks.since is not None:
        yield and_(is_over, col(Task.updated_at) < rules.tasks.since)
    if rules.tasks.most is not None:
        newest = select(col(Task.id)).where(is_over).order_by(col(Task.updated_at).desc(), col(Task.id).desc())
        yield and_(is_over, col(Task.id).in_(newest.offset(rules.tasks.most)))


def _beyond(session: Session, table: Any, moment: str, most: int) -> Iterator[ColumnElement[bool]]:
    """What holds for rows that are not among the newest `most` of their task, task by task."""
    at = getattr(table, moment)
    crowded = select(table.task_id).group_by(table.task_id).having(func.count() > most)
    for task_id in session.scalars(crowded).all():
        newest_first = select(at, table.id).where(table.task_id == task_id).order_by(at.desc(), table.id.desc())
        if oldest_kept := session.exec(newest_first.offset(most - 1).limit(1)).first():
            last_at, last_id = oldest_kept
            yield and_(table.task_id == task_id, at <= last_at, or_(at < last_at, table.id < last_id))


def remove_runs(session: Session, run_ids: Collection[str]) -> int:
    """With every move and place of theirs, unless they were pinned meanwhile. Ticks stay and say why they name no run
    any more."""
    unpinned = select(col(Run.id)).where(col(Run.id).in_(run_ids), col(Run.pinned_at).is_(None))
    run_ids = session.scalars(unpinned.with_for_update()).all()
    named = update(Tick).where(col(Tick.run_id).in_(run_ids))
    session.execute(named.values(run_id=None, reason=func.coalesce(col(Tick.reason), _RUN_REMOVED)))
    for table in (RunEvent, RunLog, Slot, Given):
        session.execute(delete(table).where(col(table.run_id).in_(run_ids)))
    return _deleted(session, delete(Run).where(col(Run.id).in_(run_ids)))


def expired_ticks(session: Session, rules: Rules, *, limit: int) -> list[int]:
    return _first_of(session, _expired_ticks(session, rules), limit)


def _expired_ticks(session: Session, rules: Rules) -> Iterator[Select[Any]]:
    every = select(col(Tick.id))
    if rules.ticks.since is not None:
        yield every.where(col(Tick.created_at) < rules.ticks.since)
    if rules.ticks.most is not None:
        yield from (every.where(each) for each in _beyond(session, Tick, "due_at", rules.ticks.most))
    yield from (every.join(Task, col(Task.id) == col(Tick.task_id)).where(each) for each in _are_over(rules))


def remove_ticks(session: Session, tick_ids: Collection[int]) -> int:
    return _deleted(session, delete(Tick).where(col(Tick.id).in_(tick_ids)))


def expired_tasks(session: Session, rules: Rules, *, limit: int, soon: bool = False) -> list[str]:
    """Those that are over and have neither runs nor ticks left; or `soon`, once those that may go have gone."""
    present = select(Run.id).where(col(Run.task_id) == col(Task.id), _stays())
    is_empty = [~present.exists()] if soon else _nothing_left_of_task()
    return _first_of(session, (select(col(Task.id)).where(each, *is_empty) for each in _are_over(rules)), limit)


def _nothing_left_of_task() -> list[ColumnElement[bool]]:
    return [
        ~select(table.id).where(col(table.task_id) == col(Task.id)).exists() for table in (aliased(Run), aliased(Tick))
    ]


def remove_tasks(session: Session, task_ids: Collection[str]) -> int:
    """Whoever gives one of them a run holds its row, so it is asked once more when the rows are held here."""
    session.execute(select(Task.id).where(col(Task.id).in_(task_ids)).with_for_update())
    return _deleted(session, delete(Task).where(col(Task.id).in_(task_ids), *_nothing_left_of_task()))


def expired_events(session: Session, rules: Rules, *, limit: int) -> list[int]:
    """Events go in the order they were told, so that those left have no gap."""
    oldest = select(Event.id, Event.created_at).order_by(col(Event.id)).limit(limit)
    found = session.exec(oldest).all()
    since, most = rules.events.since, rules.events.most
    surplus = _count(session, Event) - most if most is not None else 0
    return [
        number
        for place, (number, at) in enumerate(found)
        if number is not None and ((since is not None and at < since) or place < surplus)
    ]


def remove_events(session: Session, event_ids: Collection[int]) -> int:
    return _deleted(session, delete(Event).where(col(Event.id).in_(event_ids)))


def expired_keys(session: Session, rules: Rules, *, limit: int) -> list[tuple[int, str]]:
    query = select(IdempotencyKey.workspace_id, IdempotencyKey.key)
    if rules.idempotency.since is None:
        return []
    is_old = col(IdempotencyKey.created_at) < rules.idempotency.since
    return [(workspace_id, key) for workspace_id, key in session.exec(query.where(is_old).limit(limit))]


def remove_keys(session: Session, keys: Collection[tuple[int, str]]) -> int:
    place = tuple_(col(IdempotencyKey.workspace_id), col(IdempotencyKey.key))
    return _deleted(session, delete(IdempotencyKey).where(place.in_(list(keys))))


def expired_entries(session: Session, rules: Rules, *, limit: int) -> list[int | None]:
    if rules.audit.since is None:
        return []
    return list(session.exec(select(AuditEntry.id).where(col(AuditEntry.at) < rules.audit.since).limit(limit)))


def remove_entries(session: Session, numbers: Collection[int]) -> int:
    return _deleted(session, delete(AuditEntry).where(col(AuditEntry.id).in_(numbers)))


def expired_orchestrations(session: Session, rules: Rules, *, limit: int, soon: bool = False) -> list[str]:
    """Deleted ones of which neither tasks nor runs are left; or `soon`, once those that may go have gone."""
    if rules.deleted.since is None:
        return []
    run = aliased(Run)
    runs_left = select(run.id).where(col(run.orchestration_id) == col(Orchestration.id))
    tasks_left = select(Task.id).where(col(Task.orchestration_id) == col(Orchestration.id))
    if soon:
        runs_left = runs_left.where(or_(col(run.removed_at).is_(None), col(run.pinned_at).is_not(None)))
        tasks_left = tasks_left.where(*[~each for each in _are_over(rules)])
    is_empty = (~runs_left.exists(), ~tasks_left.exists())
    old = select(col(Orchestration.id)).where(col(Orchestration.deleted_at) < rules.deleted.since, *is_empty)
    return _first_of(session, [old], limit)


def remove_orchestrations(session: Session, orchestration_ids: Collection[str]) -> int:
    return _deleted(session, delete(Orchestration).where(col(Orchestration.id).in_(orchestration_ids)))


def unused_environments(session: Session, rules: Rules, *, limit: int) -> list[Environment]:
    """Those that no orchestration has any more, for long enough or behind enough others."""
    unused = select(Environment).where(~_has_orchestration(), ~_is_at_work())
    queries = []
    if rules.environments.since is not None:
        is_old = col(Environment.created_at) < rules.environments.since
        queries.append(unused.where(is_old, ~_had_orchestration(since=rules.environments.since)))
    if rules.environments.most is not None:
        newest_first = unused.order_by(col(Environment.created_at).desc(), col(Environment.digest))
        queries.append(newest_first.offset(rules.environments.most))
    found = {each.digest: each for query in queries for each in session.exec(query.limit(limit))}
    return list(found.values())[:limit]


def _has_orchestration() -> ColumnElement[bool]:
    is_its = (col(Orchestration.environment) == col(Environment.digest), col(Orchestration.deleted_at).is_(None))
    return select(Orchestration.id).where(*is_its).exists()


def _had_orchestration(*, since: datetime) -> ColumnElement[bool]:
    was_its = (col(Orchestration.environment) == col(Environment.digest), col(Orchestration.deleted_at) >= since)
    return select(Orchestration.id).where(*was_its).exists()


def _is_at_work() -> ColumnElement[bool]:
    """A run is in it or builds it."""
    is_its = or_(col(Run.environment) == col(Environment.digest), col(Run.id) == col(Environment.name))
    return select(Run.id).where(is_its, col(Run.removed_at).is_(None)).exists()


def remove_environment(session: Session, digest: str) -> bool:
    """False when it is used again meanwhile. Nobody else builds or shares it until the transaction ends."""
    if orchestrations.hold_environment(session, digest) is None:
        return False
    unused = select(Environment.digest).where(col(Environment.digest) == digest, ~_has_orchestration(), ~_is_at_work())
    if session.exec(unused).first() is None:
        return False
    session.execute(update(Orchestration).where(col(Orchestration.environment) == digest).values(environment=None))
    session.execute(delete(Environment).where(col(Environment.digest) == digest))
    return True


def unknown_blobs(session: Session, sha256s: Sequence[str]) -> set[str]:
    """Which of these neither an orchestration nor an environment holds."""
    held = select(Orchestration.sha256).where(
        col(Orchestration.sha256).in_(sha256s), col(Orchestration.deleted_at).is_(None)
    )
    archived = select(Environment.archive_sha256).where(col(Environment.archive_sha256).in_(sha256s))
    return set(sha256s).difference(session.scalars(held), session.scalars(archived))


def _first_of(session: Session, queries: Iterable[Select[Any]], limit: int) -> list[Any]:
    """Up to `limit` different values, of the first query first."""
    found: dict[Any, None] = {}
    for query in queries:
        if len(found) < limit:
            found |= dict.fromkeys(session.scalars(query.limit(limit)))
    return list(found)[:limit]


def _count(session: Session, table: Any) -> int:
    return session.exec(select(func.count()).select_from(table)).one()


def _deleted(session: Session, statement: Any) -> int:
    return changed(session, statement)
