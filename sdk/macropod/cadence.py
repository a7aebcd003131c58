"""How well a task kept its schedule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from macropod.tables import NOTHING
from macropod.values import ShownValue

Lateness = Mapping[str, float | None]


@dataclass(frozen=True)
class Cadence(ShownValue):
    """How a task kept its schedule over some days.

    ticks                  how many were due; `outcomes` how many of them by outcome
    started_share, skipped_share   of all ticks, 0 to 1; None when there were none
    decided_late_seconds   how late their runs were made: "median", "p95" and "worst", each None when unknown
    started_late_seconds   how late `main.py` began, likewise
    drift                  the same in one sentence
    """

    ticks: int
    outcomes: Mapping[str, int]
    started_share: float | None
    skipped_share: float | None
    decided_late_seconds: Lateness
    started_late_seconds: Lateness
    drift: str

    def _facts(self) -> list[tuple[str, str]]:
        return [
            ("in words", self.drift),
            ("ticks", str(self.ticks)),
            *((name, str(count)) for name, count in self.outcomes.items() if count),
            ("share started", _share(self.started_share)),
            ("share skipped", _share(self.skipped_share)),
            ("decided late", _lateness(self.decided_late_seconds)),
            ("started late", _lateness(self.started_late_seconds)),
        ]


def _share(share: float | None) -> str:
    return NOTHING if share is None else f"{share:.1%}"


def _lateness(late: Lateness) -> str:
    told = [f"{name} {seconds:g} s" for name, seconds in late.items() if seconds is not None]
    return ", ".join(told) or NOTHING
