"""Secrets: their names and versions. Values are only ever sent, and told to the runs that get them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from macropod.answers import Answer, fields, reading
from macropod.tables import NOTHING, Listing, moment
from macropod.values import ShownValue, Value


@dataclass(frozen=True)
class SecretVersion(Value):
    """One version of a secret: its number, who set it and when."""

    number: int
    created_by: str | None
    created_at: datetime


@dataclass(frozen=True)
class Secret(ShownValue):
    """A secret by its name. `version` is the number of the newest one, which runs get that begin now.

    created_by, updated_by   the names of the tokens of who made it, and who set it last
    created_at, updated_at   aware datetimes
    versions                 newest first; empty unless it was asked for by `get_secret`
    """

    name: str
    version: int
    created_by: str | None
    updated_by: str | None
    created_at: datetime
    updated_at: datetime
    versions: tuple[SecretVersion, ...] = ()

    @property
    def id(self) -> str:
        """The name."""
        return self.name

    @classmethod
    def _of(cls, answer: Answer) -> Self:
        with reading("secret"):
            versions = tuple(SecretVersion._of(each) for each in answer.get("versions", ()))
            return cls(**fields(cls, {**answer, "versions": versions}))

    def to_dict(self) -> dict[str, Any]:
        """As the REST API says it: times as ISO 8601 texts."""
        return super().to_dict() | {"versions": [each.to_dict() for each in self.versions]}

    def _row(self) -> list[str]:
        return [self.name, str(self.version), moment(self.updated_at), self.updated_by or NOTHING]

    def _facts(self) -> list[tuple[str, str]]:
        past = ((f"version {each.number}", _set(each.created_at, each.created_by)) for each in self.versions)
        return [
            ("name", self.name),
            ("version", str(self.version)),
            ("created at", _set(self.created_at, self.created_by)),
            ("updated at", _set(self.updated_at, self.updated_by)),
            *past,
        ]


class SecretList(Listing[Secret]):
    """Secrets by name: a list that shows as a table."""

    _columns = ("name", "version", "updated at", "updated by")


def _set(at: datetime, by: str | None) -> str:
    return f"{moment(at)} by {by}" if by else moment(at)
