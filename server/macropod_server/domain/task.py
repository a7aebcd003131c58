"""The life of an orchestration and of a task: their statuses and kinds."""

from enum import StrEnum


class OrchestrationStatus(StrEnum):
    PENDING_PACKAGING = "pending_packaging"
    PACKAGING = "packaging"
    READY = "ready"
    ERROR = "error"


class TaskKind(StrEnum):
    RUN_ONCE = "run_once"
    RUN_SCHEDULED = "run_scheduled"


class TaskStatus(StrEnum):
    PENDING = "pending"
    STARTED = "started"
    PENDING_KILL = "pending_kill"
    KILLED = "killed"
    FAILED = "failed"


class TickOutcome(StrEnum):
    """What became of a due moment: it made a run, or was missed because the server was away."""

    STARTED = "started"
    MISSED = "missed"


class EnvironmentStatus(StrEnum):
    BUILDING = "building"
    READY = "ready"


UNKNOWN_RUN_STATUS = "unknown"
"""A task's last run status before its first run."""
