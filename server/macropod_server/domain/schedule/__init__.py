"""Schedules: which texts are taken, when they are due, how they read in words.

A `Schedule` is one cron text, with moments; a `Plan` is all that says when a task is due.
"""

from macropod_server.domain.schedule.due import next_moment
from macropod_server.domain.schedule.parse import Schedule, parse_schedule
from macropod_server.domain.schedule.plan import EARLIEST, LATEST, Plan, first_due, next_due
from macropod_server.domain.schedule.plan_reading import read_plan
from macropod_server.domain.schedule.plan_words import plan_in_words
from macropod_server.domain.schedule.preview import ClockChange, Upcoming, preview
from macropod_server.domain.schedule.words import in_words

__all__ = [
    "EARLIEST",
    "LATEST",
    "ClockChange",
    "Plan",
    "Schedule",
    "Upcoming",
    "first_due",
    "in_words",
    "next_due",
    "next_moment",
    "parse_schedule",
    "plan_in_words",
    "preview",
    "read_plan",
]
