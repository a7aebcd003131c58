"""Make ticks of verdicts: those that are to run get their run, as far as the runs of the task before them let them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from macropod_server.db.tables import Run, Task, Tick
from macropod_server.domain.naming import new_id
from macropod_server.domain.run import Cause
from macropod_server.domain.ticks import MissedPolicy, Verdict
from macropod_server.flows.admit_run import Admissions

_NEXT = timedelta(microseconds=1)


@dataclass
class Settled:
    """Ticks and the runs made for them, both in order."""

    ticks: list[Tick] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)


def policy_of(task: Task) -> MissedPolicy:
    return MissedPolicy(task.missed, timedelta(seconds=task.missed_window_seconds), task.missed_cap)


def settle(
    admissions: Admissions,
    task: Task,
    verdicts: Sequence[Verdict],
    *,
    now: datetime,
    queueing: bool = False,
    **facts: Any,
) -> Settled:
    """`facts` are of the runs. Nothing is stored yet; `admissions` remembers the runs."""
    settled = Settled()
    for verdict in verdicts:
        tick = Tick(task_id=task.id, created_at=now, **vars(verdict))
        if verdict.is_wanted:
            # Runs start in the order of their creation; those made together differ in it too.
            made_at = now + len(settled.runs) * _NEXT
            run = Run.of_task(
                task, id=new_id(), now=made_at, due_at=verdict.due_at, **{"cause": Cause.SCHEDULE} | facts
            )
            admission = admissions.ask(task, run, queueing=queueing)
            tick.outcome, tick.reason, tick.run_id = admission.outcome, admission.reason, admission.other
            if admission.is_granted:
                tick.run_id = run.id
                settled.runs.append(run)
        settled.ticks.append(tick)
    return settled


def newest_of(made: Sequence[Run]) -> list[dict[str, Any]]:
    """What each task shows of its newest run; `made` in order."""
    newest = {run.task_id: run for run in made}
    return [{"id": task_id, "last_run_id": run.id, "last_run_status": run.status} for task_id, run in newest.items()]
