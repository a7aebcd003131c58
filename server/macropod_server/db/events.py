"""What others may want to be told of, in an order in which nobody who reads on misses anything."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session, col, insert, select

from macropod_server.db import locks
from macropod_server.db.tables import Event, Run, Task

RUN_ENDED = "run_ended"
_MESSAGE_CHARACTERS = 1000


def add_runs_ended(session: Session, ended: Sequence[Run], *, now: datetime) -> None:
    """Tell of the ends of these runs, which are recorded in the same transaction. Stored as the last thing it does."""
    told = [_run_ended(session, run, now=now) for run in ended]
    session.info["last"].append(lambda: _store(session, told))
    session.info["told"].extend(told)


def _run_ended(session: Session, run: Run, *, now: datetime) -> Event:
    return Event(
        workspace_id=run.workspace_id,
        kind=RUN_ENDED,
        orchestration_id=run.orchestration_id,
        task_id=run.task_id,
        run_id=run.id,
        facts=_facts(session, run),
        created_at=now,
    )


def after(session: Session, workspace_id: int, *, number: int, limit: int) -> list[Event]:
    """The events after this number, oldest first. One that is seen later never has a smaller number."""
    wanted = (col(Event.workspace_id) == workspace_id, col(Event.id) > number)
    return list(session.exec(select(Event).where(*wanted).order_by(col(Event.id)).limit(limit)))


def runs_ended(session: Session, *, number: int, until: datetime, limit: int) -> list[tuple[int, str]]:
    """The numbers of the ends that were recorded after this one and before `until`, and whose ends they are."""
    wanted = (col(Event.id) > number, col(Event.kind) == RUN_ENDED, col(Event.created_at) < until)
    query = select(col(Event.id), col(Event.run_id)).where(*wanted).order_by(col(Event.id)).limit(limit)
    return [(number, run_id) for number, run_id in session.execute(query)]


def _store(session: Session, told: Sequence[Event]) -> None:
    # Numbers are given in the order of insertion and seen in the order of commits: alone, these are the same.
    # Whoever holds this lock waits for no other any more, so two who end runs never wait for each other.
    locks.alone(session, "events")
    session.execute(insert(Event), [event.model_dump(exclude={"id"}) for event in told])


def _facts(session: Session, run: Run) -> dict[str, Any]:
    task = session.get(Task, run.task_id) if run.task_id else None
    return {
        "run_kind": run.kind.value,
        "status": run.status.value,
        "reason": run.reason.value if run.reason else None,
        "message": run.message[:_MESSAGE_CHARACTERS] if run.message else None,
        "exit_code": run.exit_code,
        "attempt": run.attempt,
        "cause": run.cause.value,
        "created_at": _told(run.created_at),
        "started_at": _told(run.started_at),
        "due_at": _told(run.due_at),
        "task_name": task.name if task else None,
    }


def _told(moment: datetime | None) -> str | None:
    """As the API writes moments outside of facts too."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else None
