"""What queued runs of a page wait for: a fixed number of queries, however many runs there are."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from sqlmodel import Session, col, or_, select

from macropod_server.db import queue, slots, tasks
from macropod_server.db.tables import Orchestration, Pool, Run, Slot, Task, Workspace
from macropod_server.domain.run import RunKind
from macropod_server.domain.task import OrchestrationStatus, TaskStatus
from macropod_server.domain.waiting import Around, Concurrency, Queued


def around(session: Session, most: Concurrency, *, spawner: str, task_ids: Collection[str], now: datetime) -> Around:
    kept = queue.kept_for(session, most, spawner=spawner, now=now)
    kept_task = session.get(Task, kept.task_id) if kept else None
    of_tasks = [slots.of_task(task_id) for task_id in task_ids]
    is_lock = col(Slot.name).startswith(slots.of_lock(""), autoescape=True)
    by_lock: dict[tuple[int, str], list[str]] = defaultdict(list)
    by_task: dict[str, str] = {}
    for slot in session.exec(select(Slot).where(or_(is_lock, col(Slot.name).in_(of_tasks))).order_by(col(Slot.number))):
        kind, _, name = slot.name.partition(":")
        if f"{kind}:" == slots.of_lock(""):
            by_lock[slot.workspace_id, name].append(slot.run_id)
        else:
            by_task[name] = slot.run_id
    return Around(
        most=most,
        crowd=queue.active(session),
        holders_of_locks=by_lock,
        holders_of_tasks=by_task,
        sizes={(pool.workspace_id, pool.name): pool.size for pool in session.exec(select(Pool))},
        spawner=spawner,
        kept_for=kept.id if kept else None,
        kept_locks={(kept_task.workspace_id, lock) for lock in kept_task.locks} if kept_task else (),
    )


def queued(session: Session, found: Collection[Run]) -> list[Queued]:
    held = {task.id: task for task in tasks.of_runs(session, found)}
    of_runs = col(Orchestration.id).in_({run.orchestration_id for run in found})
    is_ready = col(Orchestration.status) == OrchestrationStatus.READY
    ready = {*session.exec(select(Orchestration.id).where(of_runs, is_ready))}
    paused = {*session.exec(select(Workspace.id).where(col(Workspace.paused_at).is_not(None)))}
    return [_queued(run, held.get(run.task_id or ""), ready, is_paused=run.workspace_id in paused) for run in found]


def _queued(run: Run, task: Task | None, ready: Collection[str], *, is_paused: bool) -> Queued:
    is_packaging = run.kind is RunKind.PACKAGING
    return Queued(
        run_id=run.id,
        workspace_id=run.workspace_id,
        task_id=run.task_id,
        attempt=run.attempt,
        put_off_until=run.put_off_until,
        is_delayed=run.delayed_since is not None,
        has_places=run.lease > 0,
        spawner=run.spawner,
        is_packaged=is_packaging or run.orchestration_id in ready,
        is_workspace_paused=is_paused and not is_packaging,
        is_task_paused=task is not None and task.status is TaskStatus.PAUSED,
        overlap=task.overlap if task is not None and queue.runs_one_at_a_time(task) else None,
        locks=task.locks if task is not None else (),
    )
