"""Fields that many tables have."""

from typing import Any

from sqlalchemy import String
from sqlmodel import Field

from macropod_server.db.columns import UtcDateTime

Id = String(36)


def instant(**options: Any) -> Any:
    return Field(sa_type=UtcDateTime, **options)
