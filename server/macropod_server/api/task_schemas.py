"""The shapes of tasks: as they are ordered, and as they are shown. Spans are whole seconds, sizes bytes."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from macropod_server.api import examples
from macropod_server.api.schemas import Name, Page, of_row
from macropod_server.api.wording import OWN_WORDS
from macropod_server.db.tables import Task
from macropod_server.domain.errors import Invalid
from macropod_server.domain.schedule import plan_in_words
from macropod_server.domain.task import Missed, Overlap, TaskHealth, TaskKind, TaskStatus
from macropod_server.flows.task_plan import plan_of

_LONGEST = 366 * 24 * 3600

Seconds = Annotated[int, Field(strict=True, ge=1, le=_LONGEST)]
SecondsOrNone = Annotated[int, Field(strict=True, ge=0, le=_LONGEST)]
Count = Annotated[int, Field(strict=True, ge=1)]


def _checked_schedule(given: Any) -> Any:
    """What may be a text or several would be complained about once for each of the two."""
    if given is None or isinstance(given, str):
        return given
    if isinstance(given, list) and all(isinstance(each, str) for each in given):
        return given
    sentence = "The field schedule takes a text such as '0 2 * * *', or a list of such texts."
    raise PydanticCustomError(OWN_WORDS, "{sentence}", {"sentence": sentence})


class TaskIn(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [examples.TASK_WISH]})

    orchestration_id: str
    kind: TaskKind
    name: Name
    json_args: dict[str, Any] = Field(default_factory=dict)
    debug: bool = Field(default=False, description="the run tells more about itself in its log")

    schedule: Annotated[str | list[str] | None, BeforeValidator(_checked_schedule)] = Field(
        default=None, description="five cron fields; up to 20 schedules as a list or separated by `;`"
    )
    timezone: str | None = Field(default=None, description="an IANA zone; UTC when left out")
    every_seconds: Seconds | None = Field(default=None, description="instead of a schedule: at equal distances")
    starts_at: Annotated[datetime, Field(description="not due before; intervals count from here")] | None = None
    ends_at: Annotated[datetime, Field(description="not due after")] | None = None
    excluded_dates: list[date] = Field(default=[], max_length=1000, description="days of the zone without a tick")
    jitter_seconds: int = Field(
        default=0, strict=True, ge=0, le=3600, description="each tick is later by a part of this, the same for ever"
    )

    overlap: Overlap = Field(default=Overlap.ALLOW, description="when an earlier run of the task is not gone yet")
    missed: Missed = Field(default=Missed.LATEST, description="which ticks that passed unseen still run")
    missed_window_seconds: Seconds = Field(default=3600, description="how old a missed tick may be to run still")
    missed_cap: int = Field(default=100, strict=True, ge=1, le=1000, description="most ticks made up at once")
    pause_after_failures: Count | None = Field(default=None, description="pause after so many failures in a row")

    retries: int = Field(default=0, strict=True, ge=0, le=100, description="further attempts after the first")
    retry_on: list[str | int] = Field(default=[], max_length=300, description="ends and exit codes; see the docs")
    retry_delay_seconds: SecondsOrNone = Field(default=10, description="before the second attempt; then doubled")

    timeout_seconds: Seconds | None = Field(default=None, description="from the start of main.py")
    start_timeout_seconds: Seconds | None = Field(default=None, description="from the claim to main.py")
    queue_timeout_seconds: Seconds | None = Field(default=None, description="how long a run may wait in the queue")
    silence_timeout_seconds: Seconds | None = Field(default=None, description="how long main.py may print nothing")
    grace_seconds: SecondsOrNone | None = Field(default=None, description="between TERM and KILL")

    profile: str | None = Field(default=None, description="a named set of resources of this server")
    cpus: float | None = Field(default=None, gt=0, le=100_000, allow_inf_nan=False)
    memory_bytes: Annotated[int, Field(strict=True, ge=16 * 1024**2, lt=2**63)] | None = None
    pids: Count | None = None
    gpus: Count | None = None
    locks: list[Name] = Field(default=[], max_length=20, description="pools its runs take a place in")
    secrets: list[str] | dict[str, str] = Field(
        default=[], description="secrets as environment variables: names, or the name by that of the variable"
    )
    secret_files: list[str] | dict[str, str] = Field(
        default=[], description="secrets as files: names, or the name by that of the file"
    )


class TaskOut(BaseModel):
    model_config = of_row(examples.TASK)

    id: str
    workspace_id: int
    orchestration_id: str
    name: str
    kind: TaskKind
    status: TaskStatus
    active: bool
    health: TaskHealth
    json_args: dict[str, Any]
    debug: bool

    schedule: str | None
    schedule_in_words: str | None
    timezone: str | None
    every_seconds: int | None
    starts_at: datetime | None
    ends_at: datetime | None
    excluded_dates: list[date]
    jitter_seconds: int
    next_due_at: datetime | None

    overlap: Overlap
    missed: Missed
    missed_window_seconds: int
    missed_cap: int
    pause_after_failures: int | None
    failures_in_a_row: int

    retries: int
    retry_on: list[str]
    retry_delay_seconds: int

    timeout_seconds: int | None
    start_timeout_seconds: int | None
    queue_timeout_seconds: int | None
    silence_timeout_seconds: int | None
    grace_seconds: int | None

    profile: str | None
    cpus: float | None
    memory_bytes: int | None
    pids: int | None
    gpus: int | None
    locks: list[str]
    secrets: dict[str, str] = Field(description="by the variable that holds it, the name of each secret")
    secret_files: dict[str, str] = Field(description="by the file that holds it, the name of each secret")

    paused_at: datetime | None
    paused_by: str | None
    pause_reason: str | None
    last_run_id: str | None
    last_run_status: str
    created_by: str | None
    kill_asked_at: datetime | None
    kill_asked_by: str | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, task: Task) -> "TaskOut":
        return cls(**task.model_dump(), schedule_in_words=_in_words(task))


class TaskPage(Page):
    items: list[TaskOut]


def _in_words(task: Task) -> str | None:
    """None also for a schedule that an earlier version took and this one does not."""
    try:
        return plan_in_words(plan_of(task)) if task.kind is TaskKind.RUN_SCHEDULED else None
    except Invalid:
        return None
