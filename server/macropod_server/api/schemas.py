"""The shapes of requests and answers. Times are ISO 8601 in UTC, ids UUIDs, sizes bytes."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from macropod_server.api import examples
from macropod_server.api.wording import OWN_WORDS
from macropod_server.db.tables import Run, Task
from macropod_server.domain.errors import Invalid
from macropod_server.domain.run import Reason, RunKind, RunStatus
from macropod_server.domain.schedule import ClockChange, in_words, parse_schedule
from macropod_server.domain.task import OrchestrationStatus, TaskKind, TaskStatus
from macropod_server.domain.texts import LONGEST_NAME, check_name

_LONGEST_TIMEOUT_SECONDS = 366 * 24 * 3600


def _checked_name(name: str) -> str:
    try:
        return check_name("name", name)
    except Invalid as refusal:
        raise PydanticCustomError(OWN_WORDS, "{sentence}", {"sentence": refusal.message}) from None


_Bounds = Field(json_schema_extra={"minLength": 1, "maxLength": LONGEST_NAME})
Name = Annotated[str, AfterValidator(_checked_name), _Bounds]


def _of_row(example: dict[str, Any]) -> ConfigDict:
    return ConfigDict(from_attributes=True, json_schema_extra={"examples": [example]})


class OrchestrationOut(BaseModel):
    model_config = _of_row(examples.ORCHESTRATION)

    id: str
    workspace_id: int
    name: str | None
    file_name: str | None
    sha256: str
    size_bytes: int
    entry_point: str
    requirements: str | None
    status: OrchestrationStatus
    message: str | None
    warnings: list[str]
    environment: str | None
    packaging_run_id: str | None
    created_at: datetime
    updated_at: datetime


class TaskOut(BaseModel):
    model_config = _of_row(examples.TASK)

    id: str
    workspace_id: int
    orchestration_id: str
    name: str
    kind: TaskKind
    status: TaskStatus
    active: bool
    json_args: dict[str, Any]
    timeout_seconds: int | None
    schedule: str | None
    schedule_in_words: str | None
    timezone: str | None
    next_due_at: datetime | None
    last_run_id: str | None
    last_run_status: str
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, task: Task) -> "TaskOut":
        return cls(**task.model_dump(), schedule_in_words=_in_words(task))


def _in_words(task: Task) -> str | None:
    """None also for a schedule that an earlier version took and this one does not."""
    try:
        return in_words(parse_schedule(task.schedule, timezone=task.timezone)) if task.schedule else None
    except Invalid:
        return None


class RunOut(BaseModel):
    model_config = _of_row(examples.RUN)

    id: str
    workspace_id: int
    kind: RunKind
    task_id: str | None
    task_name: str | None
    orchestration_id: str
    status: RunStatus
    reason: Reason | None
    message: str | None
    exit_code: int | None
    signal: str | None
    attempt: int
    due_at: datetime | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    peak_memory_bytes: int | None
    cpu_seconds: float | None
    line_count: int

    @classmethod
    def of(cls, run: Run, *, task_name: str | None, line_count: int) -> "RunOut":
        return cls(**run.model_dump(), task_name=task_name, line_count=line_count)


class Page(BaseModel):
    next_before: str | None = Field(description="what to send as `before` for the next page; null on the last one")


class OrchestrationPage(Page):
    items: list[OrchestrationOut]


class TaskPage(Page):
    items: list[TaskOut]


class RunPage(Page):
    items: list[RunOut]


class TaskIn(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [examples.TASK_WISH]})

    orchestration_id: str
    kind: TaskKind
    name: Name
    json_args: dict[str, Any] = Field(default_factory=dict)
    timeout_seconds: int | None = Field(
        default=None, strict=True, ge=1, le=_LONGEST_TIMEOUT_SECONDS, description="from the start of main.py"
    )
    schedule: str | Annotated[list[str], Field(max_length=1)] | None = None
    timezone: str | None = Field(default=None, description="an IANA zone; UTC when left out")


class UpcomingOut(BaseModel):
    """A due moment; `clock_change` tells what the clocks of the zone do on that day."""

    model_config = ConfigDict(from_attributes=True)

    due_at: datetime
    local_at: datetime
    clock_change: ClockChange | None


class PreviewOut(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [examples.PREVIEW]})

    schedule: str
    timezone: str
    in_words: str
    upcoming: list[UpcomingOut]


class LineOut(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [examples.LINE]})

    number: int
    time: datetime
    stream: Literal["stdout", "stderr", "system"]
    text: str


class LinesOut(BaseModel):
    lines: list[LineOut]
    next: int = Field(description="the number after the last line stored so far")
    ended: bool


class LimitsOut(BaseModel):
    upload_max_bytes: int
    unpacked_max_bytes: int
    max_entries: int
    max_ratio: int
    arguments_max_bytes: int


class WorkspaceOut(BaseModel):
    id: int
    name: str


class InfoOut(BaseModel):
    version: str
    installation_id: str
    spawner: str
    workspace: WorkspaceOut
    limits: LimitsOut
