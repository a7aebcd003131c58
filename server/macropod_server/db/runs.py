"""Runs in the database. `advance` is the only door for the status of a run, `end_queued` the same for many at once."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, case
from sqlmodel import Session, and_, col, insert, or_, select, update

from macropod_server.db import events, given, locks, slots
from macropod_server.db.paging import newest_first
from macropod_server.db.tables import Run, RunEvent
from macropod_server.domain.errors import NotFound
from macropod_server.domain.portions import portions
from macropod_server.domain.run import ACTIVE, FINAL, STATUS_OF, Reason, RunKind, RunStatus, is_final, may_move

_AT_ONCE = 500
_AS_STORED = {"populate_existing": True, "synchronize_session": False}
"""What comes back is what is stored. Nothing else in the session is touched, so nothing else is looked at."""

_CLOCKS_DIFFER = timedelta(minutes=1)
"""So much the clocks of several servers may differ. What lies farther ahead was noted before a clock was set back."""

_AHEAD = timedelta(seconds=5)
"""The same where a look too many does no harm."""

LONGEST_TROUBLE = timedelta(minutes=1) + _CLOCKS_DIFFER
"""Because something resists no run is put off for longer, as seen from any clock."""

_LONGEST_PUT_OFF = timedelta(days=1) + _CLOCKS_DIFFER
"""Nor at all: so long a resumed workspace may spread its runs."""


class MoveNotAllowed(Exception):
    """The life of a run has no such move; the caller has read the run wrongly."""


def add(session: Session, runs: Sequence[Run]) -> None:
    """Store new runs, each with its first event."""
    moves = [{"run_id": run.id, "to_status": run.status, "at": run.created_at} for run in runs]
    session.execute(insert(Run), [run.model_dump() for run in runs])
    session.execute(insert(RunEvent), moves)


def advance(
    session: Session,
    run: Run,
    target: RunStatus,
    *,
    now: datetime,
    reason: Reason | None = None,
    **facts: Any,
) -> bool:
    """Move the run and store facts with the move. False, and nothing stored, when someone else was first.

    Every claim has a number of its own, the lease: who has seen an earlier one moves nothing, even if the status is
    the same again. With an end, others are told of it; one that was never claimed has no container to be waited for.
    """
    before = run.status
    if not may_move(before, target):
        raise MoveNotAllowed(f"Run {run.id} is {before.value}; it cannot become {target.value}.")
    facts |= _facts_of_end(run, reason, now=now) if target in FINAL else {}
    facts |= {"lease": run.lease + 1} if target is RunStatus.STARTING else {}
    move = update(Run).where(*_is_as(run)).values(status=target, **facts)
    moved = session.scalars(move.returning(Run), execution_options=_AS_STORED).first()
    if moved is None:
        return False
    event = {"run_id": run.id, "from_status": before, "to_status": target, "reason": reason, "at": now}
    session.execute(insert(RunEvent), [event])
    if target in FINAL:
        events.add_runs_ended(session, [moved], now=now)
    _give_back(session, run.id, facts)
    return True


def end_queued(
    session: Session, waiting: Collection[str], reason: Reason, *, now: datetime, message: str | None, **facts: Any
) -> list[Run]:
    """End those of these runs that wait, by few statements however many they are. Their tasks have to be locked.

    Answers with the runs that were ended. What holds for each is what `advance` says.
    """
    ended: list[Run] = []
    values = facts | {"status": STATUS_OF[reason], "reason": reason, "message": message, "ended_at": now}
    values["removed_at"] = case((col(Run.lease) == 0, now), else_=None)
    for some in portions(waiting, _AT_ONCE):
        is_waiting = (col(Run.id).in_(some), col(Run.status) == RunStatus.QUEUED)
        ending = update(Run).where(*is_waiting).values(**values).returning(Run)
        moved = session.scalars(ending, execution_options=_AS_STORED).all()
        slots.free(session, *(run.id for run in moved if run.removed_at is not None))
        ended += moved
    if ended:
        move = {"from_status": RunStatus.QUEUED, "to_status": STATUS_OF[reason], "reason": reason, "at": now}
        session.execute(insert(RunEvent), [move | {"run_id": run.id} for run in ended])
        events.add_runs_ended(session, ended, now=now)
    return ended


def _facts_of_end(run: Run, reason: Reason | None, *, now: datetime) -> dict[str, Any]:
    facts: dict[str, Any] = {"ended_at": now, "reason": reason}
    return facts | {"removed_at": now} if run.lease == 0 else facts


def _is_as(seen: Run) -> tuple[ColumnElement[bool], ...]:
    return (col(Run.id) == seen.id, col(Run.status) == seen.status, col(Run.lease) == seen.lease)


def get(session: Session, run_id: str, *, workspace_id: int | None = None, locked: bool = False) -> Run:
    """`locked`: as it is now, and no one else's to change; `tasks.hold_run` is the way to ask for that."""
    run = session.get(Run, run_id, with_for_update=locks.ROW if locked else None, populate_existing=locked)
    if run is None or workspace_id not in (None, run.workspace_id):
        raise NotFound.named("run", run_id)
    return run


def find(
    session: Session,
    workspace_id: int,
    *,
    task_id: str | None = None,
    orchestration_id: str | None = None,
    kind: RunKind | None = None,
    status: RunStatus | None = None,
    limit: int,
    before: str | None = None,
) -> list[Run]:
    """Newest first; `before` is the id of the last run of the page before."""
    wanted = {
        Run.task_id: task_id,
        Run.orchestration_id: orchestration_id,
        Run.kind: kind,
        Run.status: status,
    }
    conditions = [col(column) == value for column, value in wanted.items() if value is not None]
    query = select(Run).where(col(Run.workspace_id) == workspace_id, *conditions)
    return list(session.exec(newest_first(query, Run, "created_at", limit=limit, before=before)))


def has_ended(session: Session, run_id: str) -> bool:
    """Nobody works at it any more; so it is with a run that was forgotten."""
    run = session.get(Run, run_id)
    return run is None or is_final(run.status)


def is_cleaned_up(session: Session, run_id: str) -> bool:
    """Nothing of it is there any more, as far as is known; so it is with a run that was forgotten."""
    run = session.get(Run, run_id)
    return run is None or run.removed_at is not None


def is_of(spawner: str) -> ColumnElement[bool]:
    """No spawner of another kind has made, or may have made, its container: nobody here could see or end that."""
    return or_(col(Run.spawner).is_(None), col(Run.spawner) == spawner)


def is_not_put_off(now: datetime) -> ColumnElement[bool]:
    """Also where it was put off before the clock was set back: nothing waits for as long as that jumped."""
    is_over = (col(Run.put_off_until) <= now, col(Run.put_off_until) > now + _LONGEST_PUT_OFF)
    is_trouble = or_(col(Run.status) != RunStatus.QUEUED, col(Run.delayed_since).is_not(None))
    is_over_soon = and_(is_trouble, col(Run.put_off_until) > now + LONGEST_TROUBLE)
    is_of_later = col(Run.created_at) > now + _CLOCKS_DIFFER  # Most are put off when they are made.
    return or_(col(Run.put_off_until).is_(None), *is_over, is_over_soon, is_of_later)


def hold_unfinished(session: Session, task_id: str) -> list[Run]:
    """The runs as they are now, and no one else's to change. The task has to be locked before."""
    query = select(Run).where(col(Run.task_id) == task_id, col(Run.status).not_in(FINAL))
    held = query.order_by(col(Run.created_at), col(Run.id)).with_for_update(key_share=True)
    return list(session.exec(held, execution_options={"populate_existing": True}))


def is_unfinished() -> tuple[ColumnElement[bool], ...]:
    """In the words of the indexes of what is present: what has not ended is not gone."""
    return (col(Run.removed_at).is_(None), col(Run.status).in_((RunStatus.QUEUED, *sorted(ACTIVE))))


def has_unfinished(session: Session, *, task_id: str | None = None, orchestration_id: str | None = None) -> bool:
    wanted = {Run.task_id: task_id, Run.orchestration_id: orchestration_id}
    conditions = [col(column) == value for column, value in wanted.items() if value is not None]
    query = select(Run.id).where(*is_unfinished(), *conditions).limit(1)
    return session.exec(query).first() is not None


def without_contact(
    session: Session, *, spawner: str, since: datetime, starting_since: datetime, now: datetime, limit: int
) -> list[Run]:
    """Started runs of this spawner whose runner has not been heard of since then, longest silence first.

    A contact that lies ahead was before a clock was set back; how long ago nobody knows.
    """
    silent = or_(
        and_(col(Run.status) == RunStatus.STARTING, col(Run.contact_at) < starting_since),
        and_(col(Run.status) == RunStatus.RUNNING, col(Run.contact_at) < since),
        and_(col(Run.status).in_(ACTIVE), col(Run.contact_at) > now + min(now - since, _AHEAD)),
    )
    query = select(Run).where(silent, is_of(spawner), is_not_put_off(now))
    return list(session.exec(query.order_by(col(Run.contact_at)).limit(limit)))


def to_stop(session: Session, *, spawner: str) -> list[Run]:
    """Started runs of this spawner that are asked to stop, those asked first before others."""
    is_asked = (col(Run.status).in_(ACTIVE), col(Run.stop_requested_at).is_not(None), is_of(spawner))
    return list(session.exec(select(Run).where(*is_asked).order_by(col(Run.stop_requested_at))))


def attempts(session: Session, run: Run) -> list[Run]:
    """The run, every attempt before it and every one after, in their order."""
    first = run.first_run_id or run.id
    query = select(Run).where(or_(col(Run.id) == first, col(Run.first_run_id) == first))
    return list(session.exec(query.order_by(col(Run.attempt))))


def last_ended(session: Session, task_id: str, *, limit: int) -> list[Run]:
    """Newest first."""
    query = select(Run).where(col(Run.task_id) == task_id, col(Run.status).in_(FINAL))
    return list(session.exec(query.order_by(col(Run.created_at).desc(), col(Run.id).desc()).limit(limit)))


def uncleaned(session: Session, *, spawner: str, now: datetime, limit: int) -> list[Run]:
    """Ended runs of this spawner whose container was not yet seen gone, oldest first; not those put off until later."""
    is_left = (col(Run.status).in_(FINAL), col(Run.removed_at).is_(None))
    query = select(Run).where(*is_left, is_of(spawner), is_not_put_off(now))
    return list(session.exec(query.order_by(col(Run.ended_at)).limit(limit)))


def note(session: Session, run_id: str, **facts: Any) -> None:
    """Store facts about a run that are not its status."""
    session.execute(update(Run).where(col(Run.id) == run_id).values(**facts))
    _give_back(session, run_id, facts)
    if facts.get("removed_at"):
        given.forget_values(session, run_id)


def note_of_seen(session: Session, seen: Run, **facts: Any) -> None:
    """The same, unless the run moved on since it was read."""
    session.execute(update(Run).where(*_is_as(seen)).values(**facts))


def _give_back(session: Session, run_id: str, facts: dict[str, Any]) -> None:
    """A run that is noted as gone has no place any more, wherever that is noted."""
    if facts.get("removed_at"):
        slots.free(session, run_id)
