"""What is stored of the logs of ended runs: noted once they are merged, and found by age and by size."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, delete, func, or_, select, update

from macropod_server.db.retention import tells_of_packaging
from macropod_server.db.tables import Run, RunLog, Workspace
from macropod_server.domain.retention import LogRemoval


@dataclass(frozen=True)
class Stored:
    """What is stored of one log; `bucket_bytes` are those of `bytes` that lie in the bucket."""

    bytes: int
    text_bytes: int
    line_count: int
    bucket_bytes: int


@dataclass(frozen=True)
class Leaving:
    """A log that is to be removed, why, and how much it was."""

    run_id: str
    removal: LogRemoval
    bytes: int
    text_bytes: int
    line_count: int


def note(session: Session, run_ids: Collection[str], stored: Mapping[str, Stored]) -> None:
    """Of these ended runs so much is stored, and nothing of those that are not named."""
    facts = select(Run.id, Run.workspace_id, Run.task_id, Run.ended_at)
    ended = (col(Run.id).in_(stored), col(Run.ended_at).is_not(None), col(Run.log_removed_at).is_(None))
    rows = [
        {"run_id": run_id, "workspace_id": workspace_id, "task_id": task_id, "ended_at": ended_at}
        | vars(stored[run_id])
        for run_id, workspace_id, task_id, ended_at in session.exec(facts.where(*ended))
    ]
    if rows:
        session.execute(_storing(session), rows)
    empty = set(run_ids) - set(stored)
    session.execute(delete(RunLog).where(col(RunLog.run_id).in_(empty)))


def _storing(session: Session) -> Any:
    is_postgresql = session.connection().dialect.name == "postgresql"
    insert = postgresql.insert(RunLog) if is_postgresql else sqlite.insert(RunLog)
    measured = ("bytes", "text_bytes", "line_count", "bucket_bytes")
    return insert.on_conflict_do_update(
        index_elements=["run_id"], set_={name: getattr(insert.excluded, name) for name in measured}
    )


def unmeasured(session: Session, *, limit: int) -> Sequence[str]:
    query = select(RunLog.run_id).where(col(RunLog.bytes).is_(None))
    return session.exec(query.order_by(RunLog.run_id).limit(limit)).all()


def unmoved(session: Session, *, limit: int) -> Sequence[str]:
    """Measured ones of which nobody noted that they are in the bucket, of runs that ended first."""
    is_here = (col(RunLog.moved_at).is_(None), col(RunLog.bytes).is_not(None), col(RunLog.leaving_at).is_(None))
    return session.exec(select(RunLog.run_id).where(*is_here).order_by(col(RunLog.ended_at)).limit(limit)).all()


def note_moved(session: Session, bucket_bytes: Mapping[str, int], *, now: datetime) -> None:
    for run_id, size in bucket_bytes.items():
        session.execute(update(RunLog).where(col(RunLog.run_id) == run_id).values(moved_at=now, bucket_bytes=size))


def older(session: Session, since: datetime, *, limit: int) -> list[str]:
    """Those of runs that ended before, of every workspace, oldest first; none of pinned runs, and none that
    tells how an orchestration that is there was packaged."""
    found: list[str] = []
    for workspace_id in _workspaces(session):
        wanted = _oldest(workspace_id).where(col(RunLog.ended_at) < since)
        found += [run_id for run_id, _ in session.execute(wanted.limit(limit - len(found)))]
    return found


def surplus(session: Session, most_bytes: int, *, limit: int) -> list[str]:
    """The oldest, of each workspace that stores more than that, by which it does so; likewise."""
    found: list[str] = []
    for workspace_id in _workspaces(session):
        stored = select(func.sum(RunLog.bytes)).where(col(RunLog.workspace_id) == workspace_id)
        excess = int(session.scalar(stored) or 0) - most_bytes
        if excess <= 0:
            continue
        for run_id, size in session.execute(_oldest(workspace_id).limit(limit - len(found))):
            found.append(run_id)
            excess -= size
            if excess <= 0:
                break
    return found


def _oldest(workspace_id: int) -> Any:
    wanted = (col(RunLog.workspace_id) == workspace_id, col(RunLog.bytes).is_not(None))
    query = select(col(RunLog.run_id), col(RunLog.bytes)).join(Run, col(Run.id) == col(RunLog.run_id))
    may_go = (col(Run.pinned_at).is_(None), or_(col(Run.task_id).is_not(None), ~tells_of_packaging()))
    return query.where(*wanted, col(RunLog.leaving_at).is_(None), *may_go).order_by(col(RunLog.ended_at))


def _workspaces(session: Session) -> Sequence[int]:
    return [each for each in session.exec(select(Workspace.id)).all() if each is not None]


@dataclass(frozen=True)
class Sum:
    """Of all logs, or of those of a task; None stands for packaging."""

    task_id: str | None
    runs: int
    bytes: int
    text_bytes: int
    lines: int
    bucket_bytes: int


_COUNTED = (RunLog.bytes, RunLog.text_bytes, RunLog.line_count, RunLog.bucket_bytes)
_SUMS: list[Any] = [func.count(), *(func.coalesce(func.sum(each), 0) for each in _COUNTED)]
_TOTALS: list[Any] = [func.sum(each).over() for each in _SUMS]


def sums(session: Session, workspace_id: int, *, limit: int) -> tuple[Sum, list[Sum]]:
    """Of all, and by task, the largest first: with one look at each, for there may be a million."""
    query = select(col(RunLog.task_id), *_SUMS, *_TOTALS).where(col(RunLog.workspace_id) == workspace_id)
    by_size = query.group_by(col(RunLog.task_id)).order_by(func.sum(RunLog.bytes).desc(), col(RunLog.task_id))
    found = session.execute(by_size.limit(max(1, limit))).all()
    total = found[0][1 + len(_SUMS) :] if found else [0] * len(_SUMS)
    return _sum(None, total), [_sum(task_id, some[: len(_SUMS)]) for task_id, *some in found[:limit]]


def pinned(session: Session, workspace_id: int) -> Sum:
    is_pinned = select(Run.id).where(col(Run.workspace_id) == workspace_id, col(Run.pinned_at).is_not(None))
    return _sum(None, session.execute(select(*_SUMS).where(col(RunLog.run_id).in_(is_pinned))).one())


def _sum(task_id: str | None, some: Iterable[Any]) -> Sum:
    return Sum(task_id, *(int(each) for each in some))


def oldest(session: Session, workspace_id: int) -> str | None:
    """The run with lines that ended first."""
    query = select(RunLog.run_id).where(col(RunLog.workspace_id) == workspace_id).order_by(col(RunLog.ended_at))
    return session.exec(query.limit(1)).first()


def mark_leaving(session: Session, run_ids: Collection[str], removal: LogRemoval, *, now: datetime) -> list[str]:
    """From now on their logs are being removed, but not those of runs that were pinned meanwhile."""
    unpinned = (col(Run.id).in_(run_ids), col(Run.pinned_at).is_(None))
    facts = {"log_removed_at": now, "log_removed_for": removal}
    marked = list(session.scalars(update(Run).where(*unpinned).values(**facts).returning(col(Run.id))))
    session.execute(update(RunLog).where(col(RunLog.run_id).in_(marked)).values(leaving_at=now))
    return marked


def leaving(session: Session, *, limit: int) -> list[Leaving]:
    sizes = (func.coalesce(each, 0) for each in (RunLog.bytes, RunLog.text_bytes, RunLog.line_count))
    query = select(col(RunLog.run_id), col(Run.log_removed_for), *sizes).join(Run, col(Run.id) == col(RunLog.run_id))
    marked = query.where(col(RunLog.leaving_at).is_not(None)).order_by(col(RunLog.leaving_at))
    return [Leaving(*row) for row in session.execute(marked.limit(limit))]


def forget(session: Session, run_ids: Collection[str]) -> None:
    """Nothing is stored of these any more."""
    session.execute(delete(RunLog).where(col(RunLog.run_id).in_(run_ids)))
