"""Run a continuous task again: the next run is made with the end of the one before, and its health is noted."""

from datetime import datetime, timedelta

import structlog
from sqlmodel import Session

from macropod_server.db import runs, tasks
from macropod_server.db.tables import Run, Task
from macropod_server.deps import Deps
from macropod_server.domain.continuity import LOOKED_BACK, SETTLED, Life, health_after, pause_before_next
from macropod_server.domain.naming import new_id
from macropod_server.domain.run import Cause
from macropod_server.domain.task import OVER, TaskHealth, TaskKind

log = structlog.get_logger()


def continue_task(session: Session, task: Task | None, *, now: datetime) -> Run | None:
    """The run after one that has just ended; None for tasks of other kinds, and those that are over."""
    if task is None or task.kind is not TaskKind.RUN_CONTINUOUSLY or task.status in OVER:
        return None
    lives = [_life(each) for each in runs.last_ended(session, task.id, limit=LOOKED_BACK)]
    _note_health(task, health_after(task.health, lives))
    if runs.has_unfinished(session, task_id=task.id):
        return None
    pause = pause_before_next(lives)
    following = Run.of_task(task, id=new_id(), cause=Cause.CONTINUED, put_off_until=now + pause, now=now)
    runs.add(session, [following])
    return following


def note_settled(deps: Deps) -> bool:
    """Tasks that stay up again are healthy while their run goes on; False: there is nothing more to do now."""
    now = deps.clock()
    with deps.database.write() as session:
        for task in tasks.settled(session, started_before=now - SETTLED):
            _note_health(task, TaskHealth.HEALTHY)
            task.updated_at = now
            session.add(task)
    return False


def _note_health(task: Task, health: TaskHealth) -> None:
    if health is not task.health:
        log.info("task_health_changed", task_id=task.id, health=health.value)
        task.health = health


def _life(run: Run) -> Life:
    begun_at, ended_at = run.started_at, run.ended_at
    ran = ended_at - begun_at if begun_at and ended_at else timedelta(0)
    return Life(run.status, ran)
