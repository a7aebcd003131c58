"""Instants that are sent: with a zone, and within the years that can be reckoned with."""

from datetime import UTC, datetime

from macropod_server.domain.errors import Invalid
from macropod_server.domain.schedule import EARLIEST, LATEST


def utc(name: str, instant: datetime) -> datetime:
    """A time without a zone is read as UTC. Raises `Invalid` for one before or after all that is ever due."""
    aware = instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant
    if EARLIEST <= aware < LATEST:
        return aware
    message = f"{name} is {instant.isoformat()}; it takes the years {EARLIEST.year} to {LATEST.year - 1}."
    raise Invalid.field(name, message, code="out_of_range")


def utc_or_none(name: str, instant: datetime | None) -> datetime | None:
    return None if instant is None else utc(name, instant)
