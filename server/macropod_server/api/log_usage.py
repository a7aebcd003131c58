"""What the logs of a workspace take."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from macropod_server.api import examples
from macropod_server.api.access import DepsDep, MayRead
from macropod_server.flows.log_usage import LogUsage, log_usage
from macropod_server.settings import Settings

router = APIRouter(prefix="/v1/logs", tags=["logs"])


class LogSumOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    runs: int
    lines: int
    text_bytes: int
    bytes: int = Field(description="as they are stored, compressed")


class TaskLogSumOut(LogSumOut):
    task_id: str | None = Field(description="null: packaging")
    task_name: str | None


class LogUsageOut(LogSumOut):
    """Logs of ended runs, two minutes after the end; null is no bound."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.LOG_USAGE]})

    database_bytes: int
    bucket_bytes: int
    pinned: LogSumOut
    oldest_line_at: datetime | None
    keep_days: int | None
    keep_bytes: int | None
    tasks: list[TaskLogSumOut] = Field(description="the largest first")

    @classmethod
    def of(cls, found: LogUsage, settings: Settings) -> "LogUsageOut":
        total = found.total
        return cls(
            **LogSumOut.model_validate(total).model_dump(),
            database_bytes=total.bytes - total.bucket_bytes,
            bucket_bytes=total.bucket_bytes,
            pinned=LogSumOut.model_validate(found.pinned),
            oldest_line_at=found.oldest_line_at,
            keep_days=settings.keep_logs_days or None,
            keep_bytes=settings.keep_logs_bytes_per_workspace or None,
            tasks=[
                TaskLogSumOut(**vars(each), task_name=found.names.get(each.task_id or "")) for each in found.largest
            ],
        )


@router.get("/usage")
def usage(
    deps: DepsDep,
    caller: MayRead,
    tasks: Annotated[int, Query(ge=0, le=1000, description="of so many tasks")] = 10,
) -> LogUsageOut:
    """How much is stored of the logs of ended runs, in all and of the tasks with most of it."""
    return LogUsageOut.of(log_usage(deps, workspace_id=caller.workspace_id, tasks_limit=tasks), deps.settings)
