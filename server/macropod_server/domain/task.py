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
    RUN_CONTINUOUSLY = "run_continuously"


class TaskStatus(StrEnum):
    PENDING = "pending"
    STARTED = "started"
    PAUSED = "paused"
    PENDING_KILL = "pending_kill"
    KILLED = "killed"
    FAILED = "failed"


OVER = frozenset({TaskStatus.PENDING_KILL, TaskStatus.KILLED, TaskStatus.FAILED})
"""Nothing of such a task is made any more."""


class TaskHealth(StrEnum):
    """Whether a continuous task stays up: `crash_loop` after quick failures in a row."""

    HEALTHY = "healthy"
    CRASH_LOOP = "crash_loop"


class Overlap(StrEnum):
    """What happens when a run of a task is wanted while an earlier one is not gone yet."""

    ALLOW = "allow"
    SKIP = "skip"
    QUEUE_ONE = "queue_one"
    QUEUE_ALL = "queue_all"
    CANCEL_RUNNING = "cancel_running"


class Missed(StrEnum):
    """Which of the ticks that passed while nothing could start still run: see `docs/schedules.md`."""

    LATEST = "latest"
    ALL = "all"
    NONE = "none"


class TickOutcome(StrEnum):
    """What became of a due moment; all but `started` have a reason beside them."""

    STARTED = "started"
    SKIPPED = "skipped"
    MERGED = "merged"
    MISSED = "missed"
    PAUSED = "paused"
    REFUSED = "refused"


class EnvironmentStatus(StrEnum):
    BUILDING = "building"
    READY = "ready"


UNKNOWN_RUN_STATUS = "unknown"
"""A task's last run status before its first run."""
