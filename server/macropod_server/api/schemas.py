"""The shapes of requests and answers. Times are ISO 8601 in UTC, ids UUIDs, sizes bytes."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from macropod_server.api import examples
from macropod_server.api.wording import OWN_WORDS
from macropod_server.db.tables import Run
from macropod_server.domain.errors import Invalid
from macropod_server.domain.flavor import Flavor
from macropod_server.domain.levels import Level
from macropod_server.domain.run import Cause, Reason, RunKind, RunStatus
from macropod_server.domain.schedule import ClockChange
from macropod_server.domain.task import OrchestrationStatus
from macropod_server.domain.texts import LONGEST_NAME, check_name


def _checked_name(name: str) -> str:
    try:
        return check_name("name", name)
    except Invalid as refusal:
        raise PydanticCustomError(OWN_WORDS, "{sentence}", {"sentence": refusal.message}) from None


_Bounds = Field(json_schema_extra={"minLength": 1, "maxLength": LONGEST_NAME})
Name = Annotated[str, AfterValidator(_checked_name), _Bounds]


def of_row(example: dict[str, Any]) -> ConfigDict:
    return ConfigDict(from_attributes=True, json_schema_extra={"examples": [example]})


class OrchestrationOut(BaseModel):
    model_config = of_row(examples.ORCHESTRATION)

    id: str
    workspace_id: int
    name: str | None
    file_name: str | None
    sha256: str
    size_bytes: int
    entry_point: str
    requirements: str | None
    flavor: Flavor = Field(description="what its runs find besides their requirements")
    status: OrchestrationStatus
    message: str | None
    warnings: list[str]
    environment: str | None
    packaging_run_id: str | None
    created_at: datetime
    updated_at: datetime


class ErrorOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    exception: str
    message: str | None
    file: str | None = Field(description="of the deepest frame of the user's own code, relative to the zip")
    line: int | None


class RunOut(BaseModel):
    model_config = of_row(examples.RUN)

    id: str
    workspace_id: int
    kind: RunKind
    task_id: str | None
    task_name: str | None
    orchestration_id: str
    cause: Cause
    requested_by: str | None
    first_run_id: str | None = Field(description="of a retry: the first attempt")
    rerun_of: str | None
    status: RunStatus
    reason: Reason | None
    message: str | None
    error: ErrorOut | None = Field(description="the last traceback of a main.py that failed")
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
    waiting_for: str | None = Field(description="of a queued run: what it waits for, in a sentence")
    environment: str | None = Field(description="digest of the lock it runs with; null without requirements")
    image: str | None
    runner_version: str | None
    stop_requested_by: str | None

    @classmethod
    def of(cls, run: Run, *, task_name: str | None, line_count: int, waiting_for: str | None) -> "RunOut":
        return cls(**run.model_dump(), task_name=task_name, line_count=line_count, waiting_for=waiting_for)


class Page(BaseModel):
    next_before: str | None = Field(description="what to send as `before` for the next page; null on the last one")


class OrchestrationPage(Page):
    items: list[OrchestrationOut]


class RunPage(Page):
    items: list[RunOut]


class RerunOut(BaseModel):
    """`differences`: sentences about what could not be the same."""

    run: RunOut
    differences: list[str]


class UpcomingOut(BaseModel):
    """A due moment; `clock_change` tells what the clocks of the zone do on that day."""

    model_config = ConfigDict(from_attributes=True)

    due_at: datetime
    local_at: datetime
    clock_change: ClockChange | None


class PreviewOut(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [examples.PREVIEW]})

    schedule: str | None
    every_seconds: int | None
    timezone: str
    in_words: str
    upcoming: list[UpcomingOut]


class PauseIn(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [examples.PAUSE]})

    reason: Name | None = Field(default=None, description="why; shown wherever the pause is")


class LineOut(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [examples.LINE]})

    number: int
    time: datetime
    stream: Literal["stdout", "stderr", "system"]
    text: str
    level: Level | None = Field(default=None, description="when asked for: null for a line that tells none")
    message: str | None = Field(default=None, description="when asked for: of a line that is JSON")
    fields: dict[str, Any] | None = Field(default=None, description="when asked for: the rest of a line that is JSON")


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
