"""The vendor's words for statuses and kinds. A client raises at any other."""

from enum import StrEnum

from macropod_server.db.tables import Task
from macropod_server.domain.run import FINAL, RunStatus
from macropod_server.domain.task import TaskHealth, TaskKind, TaskStatus

RUN_TYPE = {
    TaskKind.RUN_ONCE: "Oneshot",
    TaskKind.RUN_SCHEDULED: "CronJob",
    TaskKind.RUN_CONTINUOUSLY: "NetworkService",
}

SHOWN = frozenset({RunStatus.RUNNING}) | FINAL
"""A run that waits for its container has no word there: it is not listed yet."""

_RUN_STATUS = {status: status.value for status in SHOWN} | {RunStatus.LOST: RunStatus.FAILURE.value}


class RunFilter(StrEnum):
    ALL = "all"
    RUNNING = "running"
    SUCCESS = "success"
    FAILURE = "failure"
    TIMED_OUT = "timed_out"


def run_status(status: RunStatus) -> str:
    return _RUN_STATUS[status]


def statuses_of(wanted: RunFilter | None) -> frozenset[RunStatus]:
    if wanted in (None, RunFilter.ALL):
        return SHOWN
    return frozenset(status for status, word in _RUN_STATUS.items() if word == wanted)


def task_status(task: Task) -> str:
    """A continuous task that does not stay up has a status of its own there."""
    is_looping = task.status is TaskStatus.STARTED and task.health is TaskHealth.CRASH_LOOP
    return TaskHealth.CRASH_LOOP.value if is_looping else task.status.value
