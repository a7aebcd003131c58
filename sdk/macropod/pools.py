"""Pools: how many runs may hold a lock of a name at once, and which do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from macropod.answers import Answer, reading
from macropod.tables import NOTHING, Listing, moment
from macropod.values import ShownValue, Value


@dataclass(frozen=True)
class Place(Value):
    """One place in a pool and the run that holds it since `taken_at`, an aware datetime."""

    number: int
    run_id: str
    task_id: str | None
    task_name: str | None
    taken_at: datetime


@dataclass(frozen=True)
class Pool(ShownValue):
    """A named lock that `size` runs may hold at once; `held_by` are the places that are taken now."""

    name: str
    size: int
    held_by: tuple[Place, ...]

    @property
    def id(self) -> str:
        """The name."""
        return self.name

    @classmethod
    def _of(cls, answer: Answer) -> Self:
        with reading("pool"):
            return cls(answer["name"], answer["size"], tuple(Place._of(each) for each in answer["held_by"]))

    def to_dict(self) -> dict[str, Any]:
        """As the REST API says it: times as ISO 8601 texts."""
        return super().to_dict() | {"held_by": [each.to_dict() for each in self.held_by]}

    def _row(self) -> list[str]:
        return [self.name, str(self.size), "\n".join(each.run_id for each in self.held_by) or NOTHING]

    def _facts(self) -> list[tuple[str, str]]:
        places = ((f"place {each.number}", f"run {each.run_id} since {moment(each.taken_at)}") for each in self.held_by)
        return [("name", self.name), ("size", str(self.size)), *places]


class PoolList(Listing[Pool]):
    """Pools by name: a list that shows as a table."""

    _columns = ("name", "size", "held by run")
