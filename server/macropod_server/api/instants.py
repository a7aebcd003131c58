"""Instants in queries."""

from datetime import UTC, datetime


def utc(instant: datetime | None) -> datetime | None:
    """A time without a zone is read as UTC."""
    return instant.replace(tzinfo=UTC) if instant is not None and instant.tzinfo is None else instant
