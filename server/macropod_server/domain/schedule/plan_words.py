"""A plan in words: its schedules or interval, then what limits and shifts them."""

from datetime import datetime, timedelta

from macropod_server.domain.schedule.plan import Plan
from macropod_server.domain.schedule.words import in_words, listed
from macropod_server.domain.schedule.zones import zone

_MOST_DATES = 5
_UNITS = (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))


def plan_in_words(plan: Plan) -> str:
    """Such as "at 02:00 every day, and at 14:00 on Mondays; not on 2026-12-25; until 2027-01-01 00:00"."""
    window = " ".join(
        f"{word} {_on_the_clock(plan, instant)}"
        for word, instant in (("from", plan.starts_at), ("until", plan.ends_at))
        if instant is not None
    )
    return "; ".join(part for part in (_moments(plan), _exclusions(plan), window, _jitter(plan)) if part)


def _moments(plan: Plan) -> str:
    if plan.every is not None:
        return "every " + _span(plan.every).removeprefix("1 ")
    return ", and ".join(in_words(cron) for cron in plan.crons)


def _exclusions(plan: Plan) -> str:
    days = [day.isoformat() for day in sorted(plan.excluded_dates)]
    shown = days if len(days) <= _MOST_DATES else [*days[: _MOST_DATES - 1], f"{len(days) - _MOST_DATES + 1} more days"]
    return f"not on {listed(shown)}" if days else ""


def _jitter(plan: Plan) -> str:
    return f"each up to {_span(timedelta(seconds=plan.jitter_seconds))} later" if plan.jitter_seconds else ""


def _on_the_clock(plan: Plan, instant: datetime) -> str:
    clock = instant.astimezone(zone(plan.timezone))
    return clock.strftime("%Y-%m-%d %H:%M:%S" if clock.second else "%Y-%m-%d %H:%M")


def _span(span: timedelta) -> str:
    """In the largest unit that leaves no rest."""
    seconds = round(span.total_seconds())
    unit, size = next((unit, size) for unit, size in _UNITS if seconds % size == 0)
    return f"{seconds // size} {unit}{'' if seconds == size else 's'}"
