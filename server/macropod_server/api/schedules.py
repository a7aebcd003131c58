"""Show when a task would be due, before it is made."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query

from macropod_server.api.access import MayRead, Now
from macropod_server.api.instants import utc
from macropod_server.api.schemas import PreviewOut, UpcomingOut
from macropod_server.domain.schedule import first_due, plan_in_words, preview, read_plan

router = APIRouter(prefix="/v1/schedules", tags=["schedules"])


@router.get("/preview")
def show_preview(
    _caller: MayRead,
    now: Now,
    schedule: Annotated[
        list[str] | None,
        Query(description="five cron fields or a macro; several by repeating it or with `;`", examples=["30 2 * * *"]),
    ] = None,
    every_seconds: Annotated[int | None, Query(description="instead of a schedule: at equal distances")] = None,
    timezone: Annotated[str | None, Query(description="an IANA zone; UTC when left out")] = None,
    starts_at: Annotated[datetime | None, Query(description="not due before; intervals count from here")] = None,
    ends_at: Annotated[datetime | None, Query(description="not due after")] = None,
    excluded_dates: Annotated[list[date] | None, Query(description="days of the zone without a tick")] = None,
    after: Annotated[datetime | None, Query(description="now when left out")] = None,
    count: Annotated[int, Query(ge=1, le=100)] = 5,
) -> PreviewOut:
    """The next due moments in UTC and on the zone's own clocks, and the schedule in words.

    An interval without a start counts from `after`, as from the moment a task would be made. Jitter is not shown: a
    task's share of it follows from its id.
    """
    asked_at = utc("after", after) if after is not None else now
    plan = read_plan(
        schedule,
        every_seconds=every_seconds,
        timezone=timezone,
        starts_at=starts_at,
        ends_at=ends_at,
        excluded_dates=excluded_dates or (),
        created_at=asked_at,
    )
    first_due(plan, min(asked_at, now))
    return PreviewOut(
        schedule=plan.text,
        every_seconds=every_seconds,
        timezone=plan.timezone,
        in_words=plan_in_words(plan),
        upcoming=[UpcomingOut.model_validate(each) for each in preview(plan, after=asked_at, count=count)],
    )
