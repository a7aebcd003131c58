"""Let runs of a task in beside its others, as the task's overlap says; used wherever ticks and people want a run.

Retries are let in without asking: they belong to a tick that was let in before.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from sqlmodel import Session

from macropod_server.db import orchestrations, present, runs, slots, tasks
from macropod_server.db.tables import Run, Slot, Task
from macropod_server.deps import Deps
from macropod_server.domain.errors import Conflict
from macropod_server.domain.failures import BY_ITSELF
from macropod_server.domain.overlap import Admission, Present, admit
from macropod_server.domain.run import STOPPED, Reason
from macropod_server.domain.task import OVER, OrchestrationStatus, Overlap, TaskStatus

log = structlog.get_logger()


@dataclass
class _Crowd:
    """The runs of one task that are not gone, as they will be once the admissions are stored."""

    queued: int
    present: list[Present] = field(default_factory=list)

    def leave(self, gone: Collection[Present]) -> None:
        self.queued -= sum(each.is_queued for each in gone)
        self.present = [each for each in self.present if each not in gone]

    def join(self, run: Run) -> Present:
        """The first one has the place; the others take it when they are claimed, one after the other."""
        joined = Present(run.id, run.cause, is_queued=True, has_place=not self.present, may_have_container=False)
        self.queued += 1
        self.present.append(joined)
        return joined


class Admissions:
    """Asks for runs of some locked tasks one after the other, then stores all that were let in."""

    def __init__(self, session: Session, held: Collection[Task], *, most_queued: int) -> None:
        self._session, self._most_queued = session, most_queued
        self._overlapping = {task.id for task in held if task.overlap is not Overlap.ALLOW}
        queued = present.count_queued(session, [task.id for task in held])
        found = present.of_tasks(session, self._overlapping) if self._overlapping else {}
        self._crowds = {task.id: _Crowd(queued.get(task.id, 0), found.get(task.id, [])) for task in held}
        self._let_in: list[Run] = []
        self._places: dict[str, Slot] = {}
        self._superseded: list[Present] = []

    def ask(self, task: Task, run: Run, *, queueing: bool = False) -> Admission:
        """`queueing`: the run is in nobody's way; where runs must not overlap it waits for all before it."""
        crowd = self._crowds[task.id]
        overlap = Overlap.ALLOW if queueing else task.overlap
        admission = admit(overlap, crowd.present, queued=crowd.queued, most_queued=self._most_queued)
        if admission.is_granted:
            self._superseded += admission.supersedes
            crowd.leave([each for each in admission.supersedes if each.vanishes_when_stopped])
            self._let_in.append(run)
            if crowd.join(run).has_place and task.id in self._overlapping:
                name = slots.of_task(task.id)
                self._places[run.id] = Slot(
                    workspace_id=task.workspace_id, name=name, number=1, run_id=run.id, taken_at=run.created_at
                )
        return admission

    def store(self, *, now: datetime) -> Sequence[str]:
        """The runs that have to hear that they are to stop, once this is committed."""
        if self._let_in:
            runs.add(self._session, self._let_in)
        self._end_waiting([each.run_id for each in self._superseded if each.is_queued], now=now)
        started = [each.run_id for each in self._superseded if not each.is_queued]
        asked = present.ask_to_stop(self._session, started, now=now, by=BY_ITSELF, reason=Reason.SUPERSEDED)
        slots.take_all(self._session, [*self._places.values()])
        return asked

    def _end_waiting(self, superseded: Collection[str], *, now: datetime) -> None:
        for run_id in superseded:
            self._places.pop(run_id, None)
        told = {"message": STOPPED[Reason.SUPERSEDED], "stop_requested_by": BY_ITSELF}
        runs.end_queued(self._session, superseded, Reason.SUPERSEDED, now=now, **told)


def hold_task(session: Session, task_id: str, *, workspace_id: int) -> Task:
    """The task, locked, of which a run is wanted now. Raises `Conflict` when none may be made."""
    known = tasks.get(session, task_id, workspace_id=workspace_id)
    # Before the task, as wherever both are locked.
    orchestration = orchestrations.get(session, known.orchestration_id, workspace_id=workspace_id, locked=True)
    task = tasks.get(session, task_id, workspace_id=workspace_id, locked=True)
    if task.status in OVER or orchestration.status is OrchestrationStatus.ERROR:
        raise Conflict(f"Task {task.name!r} ({task.id}) is {task.status.value}; nothing of it starts any more.")
    if task.status is TaskStatus.PAUSED:
        raise Conflict(f"Task {task.name!r} ({task.id}) is paused. `macropod task resume` lets it start again.")
    return task


def tell(deps: Deps, asked: Sequence[str]) -> None:
    """After the commit: these runs are to hear at once that they stop."""
    for run_id in asked:
        log.info("run_superseded", run_id=run_id)
        deps.signals.ring(run_id)
