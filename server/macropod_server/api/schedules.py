"""Show when a schedule would be due, before a task is made of it."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query

from macropod_server.api.access import CallerDep, Now
from macropod_server.api.instants import utc
from macropod_server.api.schemas import PreviewOut, UpcomingOut
from macropod_server.domain.schedule import in_words, parse_schedule, preview

router = APIRouter(prefix="/v1/schedules", tags=["schedules"])


@router.get("/preview")
def show_preview(
    _caller: CallerDep,
    now: Now,
    schedule: Annotated[str, Query(description="five cron fields or a macro", examples=["30 2 * * *"])],
    timezone: Annotated[str | None, Query(description="an IANA zone; UTC when left out")] = None,
    after: Annotated[datetime | None, Query(description="now when left out")] = None,
    count: Annotated[int, Query(ge=1, le=100)] = 5,
) -> PreviewOut:
    """The next due moments in UTC and on the zone's own clocks, and the schedule in words."""
    read = parse_schedule(schedule, timezone=timezone)
    upcoming = preview(read, after=utc(after) or now, count=count)
    return PreviewOut(
        schedule=read.text,
        timezone=read.timezone,
        in_words=in_words(read),
        upcoming=[UpcomingOut.model_validate(each) for each in upcoming],
    )
