"""Reads when a task is to be due, as it is wished for. Everything that is wrong is told at once."""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial

from macropod_server.domain.errors import Invalid, Problem
from macropod_server.domain.naming import sha256_hex
from macropod_server.domain.schedule.parse import Schedule, parse_schedule
from macropod_server.domain.schedule.plan import EARLIEST, LATEST, Plan
from macropod_server.domain.schedule.zones import zone

SHORTEST_SECONDS, LONGEST_SECONDS = 1, 366 * 24 * 3600
"""Of an interval."""

_MOST_SCHEDULES = 20
_MOST_DATES = 1000


def read_plan(
    schedule: str | Collection[str] | None = None,
    *,
    every_seconds: int | None = None,
    timezone: str | None = None,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    excluded_dates: Collection[date] = (),
    jitter_seconds: int = 0,
    created_at: datetime | None = None,
    task_id: str | None = None,
) -> Plan:
    """Raises `Invalid` with every field that is wrong.

    Intervals count from the start or else from `created_at`. Without a task's id its offset is not known and left out.
    """
    place = "UTC" if timezone is None else timezone
    _refuse_if_any(
        lambda: zone(place),
        lambda: _check_choice(schedule, every_seconds),
        lambda: _crons(schedule, "UTC"),
        lambda: _check_window(starts_at, ends_at),
        lambda: _check_dates(excluded_dates),
    )
    return Plan(
        crons=_crons(schedule, place),
        every=None if every_seconds is None else timedelta(seconds=every_seconds),
        anchor=(starts_at or (created_at or EARLIEST).replace(microsecond=0)).astimezone(UTC),
        timezone=place,
        starts_at=starts_at.astimezone(UTC) if starts_at else None,
        ends_at=ends_at.astimezone(UTC) if ends_at else None,
        excluded_dates=frozenset(excluded_dates),
        jitter_seconds=jitter_seconds,
        offset=_offset(task_id, jitter_seconds),
    )


def _refuse_if_any(*readings: Callable[[], object]) -> None:
    problems: list[Problem] = []
    for read in readings:
        try:
            read()
        except Invalid as refusal:
            problems += refusal.problems
    if problems:
        raise Invalid(" ".join(problem.message for problem in problems), problems=problems)


def _crons(schedule: str | Collection[str] | None, timezone: str) -> tuple[Schedule, ...]:
    """Of schedules that mean the same, the first."""
    texts, read = _texts(schedule), dict[Schedule, Schedule]()

    def read_one(text: str) -> None:
        cron = _cron(text, timezone, is_alone=len(texts) == 1)
        read.setdefault(replace(cron, text=""), cron)

    _refuse_if_any(*(partial(read_one, text) for text in texts))
    return tuple(read.values())


def _cron(text: str, timezone: str, *, is_alone: bool) -> Schedule:
    try:
        return parse_schedule(text, timezone=timezone)
    except Invalid as refusal:
        if is_alone:
            raise
        problems = [replace(each, message=f"In {text!r}: {each.message}") for each in refusal.problems]
        raise Invalid(refusal.message, problems=problems) from None


def _texts(schedule: str | Collection[str] | None) -> list[str]:
    members = [] if schedule is None else [schedule] if isinstance(schedule, str) else list(schedule)
    if isinstance(schedule, (set, frozenset)):
        members.sort(key=str)
    for member in members:
        if not isinstance(member, str):
            raise Invalid.field(
                "schedule", f"The schedule {member!r} is not a text; write it like '0 2 * * *'.", code="not_a_text"
            )
    if sum(_is_one_field(member) for member in members) > 1:
        message = f"These are {len(members)} texts; put the schedule in quotes: '0 2 * * *'."
        raise Invalid.field("schedule", message, code="not_quoted")
    texts = [text.strip() for member in members for text in member.split(";")]
    if len(texts) > 1 and "" in texts:
        message = "The schedule has an empty place in its list; write a schedule on both sides of each semicolon."
        raise Invalid.field("schedule", message, code="empty_member")
    if len(texts) > _MOST_SCHEDULES:
        message = f"There are {len(texts)} schedules in one; {_MOST_SCHEDULES} are the most. Make more tasks."
        raise Invalid.field("schedule", message, code="too_many")
    return texts


def _is_one_field(member: str) -> bool:
    """Several of these are one schedule that a shell took apart, the names of files in place of its stars."""
    return len(member.split()) == 1 and not member.lstrip().startswith("@") and ";" not in member


def _check_choice(schedule: str | Collection[str] | None, every_seconds: int | None) -> None:
    is_cron, is_interval = isinstance(schedule, str) or bool(schedule), every_seconds is not None
    if is_cron == is_interval:
        which = "both" if is_cron else "neither"
        message = f"A scheduled task takes either a schedule such as '0 2 * * *' or every_seconds; it has {which}."
        raise Invalid.field("schedule", message, code="not_one_of")
    if every_seconds is not None and not SHORTEST_SECONDS <= every_seconds <= LONGEST_SECONDS:
        message = f"every_seconds is {every_seconds}; it takes {SHORTEST_SECONDS} to {LONGEST_SECONDS}."
        raise Invalid.field("every_seconds", message, code="out_of_range")


def _check_window(starts_at: datetime | None, ends_at: datetime | None) -> None:
    _refuse_if_any(lambda: _check_instant("starts_at", starts_at), lambda: _check_instant("ends_at", ends_at))
    if starts_at is not None and ends_at is not None and ends_at <= starts_at:
        message = f"ends_at is {ends_at.isoformat()}, which is not after starts_at, {starts_at.isoformat()}."
        raise Invalid.field("ends_at", message, code="ends_before_start")


def _check_instant(name: str, instant: datetime | None) -> None:
    if instant is None:
        return
    if instant.tzinfo is None:
        message = f"{name} is {instant.isoformat()}, which has no time zone; write it like {instant.isoformat()}+00:00."
        raise Invalid.field(name, message, code="no_timezone")
    if not EARLIEST <= instant <= LATEST:
        message = f"{name} is {instant.isoformat()}; it takes the years {EARLIEST.year} to {LATEST.year - 1}."
        raise Invalid.field(name, message, code="out_of_range")


def _check_dates(excluded_dates: Collection[date]) -> None:
    if len(excluded_dates) > _MOST_DATES:
        message = f"There are {len(excluded_dates)} excluded dates; {_MOST_DATES} are the most."
        raise Invalid.field("excluded_dates", message, code="too_many")


def _offset(task_id: str | None, jitter_seconds: int) -> timedelta:
    """The same for a task for ever, spread evenly over tasks."""
    if task_id is None:
        return timedelta(0)
    return timedelta(seconds=int(sha256_hex(task_id), 16) % (jitter_seconds + 1))
