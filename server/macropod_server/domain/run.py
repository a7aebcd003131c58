"""The life of a run: its statuses, the moves between them, and the reason each end has."""

from enum import StrEnum


class RunKind(StrEnum):
    TASK = "task"
    PACKAGING = "packaging"


class RunStatus(StrEnum):
    QUEUED = "queued"
    STARTING = "starting"
    RUNNING = "running"
    SUCCESS = "success"
    FAILURE = "failure"
    TIMED_OUT = "timed_out"
    KILLED = "killed"
    LOST = "lost"


class Cause(StrEnum):
    """Why a run was made: what or who asked for it."""

    ORDERED = "ordered"
    SCHEDULE = "schedule"
    BACKFILL = "backfill"
    CONTINUED = "continued"
    RETRY = "retry"
    RERUN = "rerun"
    PACKAGING = "packaging"


class Reason(StrEnum):
    """Why a run ended. Statuses are few, reasons many; `STATUS_OF` maps one to the other."""

    COMPLETED = "completed"
    EXIT_CODE = "exit_code"
    SIGNAL = "signal"
    OUT_OF_MEMORY = "out_of_memory"
    TIME_LIMIT = "time_limit"
    KILL_REQUESTED = "kill_requested"
    PACKAGING_FAILED = "packaging_failed"
    COULD_NOT_START = "could_not_start"
    IMAGE_NOT_FOUND = "image_not_found"
    SPAWNER_UNAVAILABLE = "spawner_unavailable"
    ENVIRONMENT_NOT_FOUND = "environment_not_found"
    START_TIMEOUT = "start_timeout"
    QUEUE_TIMEOUT = "queue_timeout"
    SILENCE = "silence"
    SUPERSEDED = "superseded"
    EVICTED = "evicted"
    RUNNER_DIED = "runner_died"
    VANISHED = "vanished"
    PREEMPTED = "preempted"
    NODE_LOST = "node_lost"
    UNSCHEDULABLE = "unschedulable"
    QUOTA_EXCEEDED = "quota_exceeded"


STATUS_OF: dict[Reason, RunStatus] = {
    Reason.COMPLETED: RunStatus.SUCCESS,
    Reason.EXIT_CODE: RunStatus.FAILURE,
    Reason.SIGNAL: RunStatus.FAILURE,
    Reason.OUT_OF_MEMORY: RunStatus.FAILURE,
    Reason.TIME_LIMIT: RunStatus.TIMED_OUT,
    Reason.KILL_REQUESTED: RunStatus.KILLED,
    Reason.PACKAGING_FAILED: RunStatus.FAILURE,
    Reason.COULD_NOT_START: RunStatus.FAILURE,
    Reason.IMAGE_NOT_FOUND: RunStatus.FAILURE,
    Reason.SPAWNER_UNAVAILABLE: RunStatus.FAILURE,
    Reason.ENVIRONMENT_NOT_FOUND: RunStatus.FAILURE,
    Reason.START_TIMEOUT: RunStatus.FAILURE,
    Reason.QUEUE_TIMEOUT: RunStatus.TIMED_OUT,
    Reason.SILENCE: RunStatus.TIMED_OUT,
    Reason.SUPERSEDED: RunStatus.KILLED,
    Reason.EVICTED: RunStatus.FAILURE,
    Reason.RUNNER_DIED: RunStatus.FAILURE,
    Reason.VANISHED: RunStatus.LOST,
    Reason.PREEMPTED: RunStatus.FAILURE,
    Reason.NODE_LOST: RunStatus.LOST,
    Reason.UNSCHEDULABLE: RunStatus.FAILURE,
    Reason.QUOTA_EXCEEDED: RunStatus.FAILURE,
}

STOPPED = {
    Reason.SUPERSEDED: "A newer run of the task takes its place.",
    Reason.KILL_REQUESTED: "The run was stopped because somebody asked for it.",
}
"""What is told of a stop that was asked for, whatever the runner made of it."""

FINAL = frozenset(STATUS_OF.values())
ACTIVE = frozenset({RunStatus.STARTING, RunStatus.RUNNING})

_MOVES: dict[RunStatus, frozenset[RunStatus]] = {
    RunStatus.QUEUED: frozenset({RunStatus.STARTING, RunStatus.FAILURE, RunStatus.TIMED_OUT, RunStatus.KILLED}),
    RunStatus.STARTING: frozenset({RunStatus.QUEUED, RunStatus.RUNNING}) | FINAL,
    RunStatus.RUNNING: FINAL,
}


def may_move(current: RunStatus, target: RunStatus) -> bool:
    return target in _MOVES.get(current, frozenset())


def is_final(status: RunStatus) -> bool:
    return status in FINAL
