"""Schedules: which texts are taken, when they are due, how they read in words."""

from macropod_server.domain.schedule.due import next_due
from macropod_server.domain.schedule.parse import Schedule, parse_schedule
from macropod_server.domain.schedule.preview import ClockChange, Upcoming, preview
from macropod_server.domain.schedule.words import in_words

__all__ = ["ClockChange", "Schedule", "Upcoming", "in_words", "next_due", "parse_schedule", "preview"]
