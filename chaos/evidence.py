"""Everything the checker judges from, gathered once all is quiet: values only, so that tests can plant violations."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from chaos.orders import Order
from chaos.reading import Rows
from chaos.receiver import Mark

FINAL = frozenset({"success", "failure", "timed_out", "killed", "lost"})


@dataclass(frozen=True)
class Blob:
    """A file of the store, and what its bytes come to."""

    name: str
    sha256: str


@dataclass(frozen=True)
class Evidence:
    """`lines` holds what programs printed, by run. `leftovers` are what should be gone by now, in words."""

    rows: Rows
    orders: list[Order]
    marks: list[Mark]
    lines: dict[str, list[str]]
    blobs: list[Blob]
    uploads: list[str]
    leftovers: list[str]
    settled_seconds: float
    clean_seconds: float
    faulty_answers: list[str]
    calls: int
    unsettled: list[str]
    checked_at: datetime
    audit: tuple[int, str]
    """Exit code and words of `macropod-server audit`, which reckons the calendar in its own way."""
    broken_promises: list[str] = field(default_factory=list)
    clock_is_true: bool = True
    excused: frozenset[str] = frozenset()
    """Reasons for which a program may not have begun at all, where the fault left no other way."""


class Check(NamedTuple):
    name: str
    promise: str
    looked_at: int
    violations: list[str]
